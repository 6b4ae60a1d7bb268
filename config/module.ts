import { readFile, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Jiti } from "jiti";
import { maskSecrets } from "../core/mask.ts";

/** What a module turned out to be that could not be loaded, in words. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  /** 1-based place in the module, where the loader tells it. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** There is no such module. */
  readonly absent: boolean;
  /** The module, as messages name it, where it is one beside the configuration. */
  readonly file: string | undefined;

  constructor(
    found: string,
    facts: { line?: number; column?: number; absent?: boolean; file?: string } = {},
  ) {
    super(found);
    this.line = facts.line;
    this.column = facts.column;
    this.absent = facts.absent ?? false;
    this.file = facts.file;
  }

  /** The same, of a file that messages can name. */
  in(file: string): ModuleError {
    const { line, column, absent } = this;
    return new ModuleError(this.message, { ...(line && { line }), ...(column && { column }), absent, file });
  }
}

const isDeno = "Deno" in globalThis;
/** Deno would read such a file once, whatever its query. */
const isCommonJS = /\.c[jt]s$/i;

/**
 * Loads a TypeScript or JavaScript file and yields its default export. It may import `sluice`, `valibot` and
 * `h3` wherever it lies, and gets the instances of this installation. A file that changed is read anew.
 * Throws a ModuleError.
 */
export async function loadFile(path: string): Promise<unknown> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new ModuleError(found ? "which is no file" : "where there is no file", { absent: true });
  try {
    return defaultOf(
      isDeno && !isCommonJS.test(path) ? await importOnDeno(path) : await importWithJiti(path),
    );
  } catch (error) {
    throw toModuleError(error, path);
  }
}

/** Loads a package as seen from a directory and yields its default export. Throws a ModuleError. */
export async function loadPackage(name: string, directory: string): Promise<unknown> {
  const url = await findPackage(name, directory);
  if (url === undefined)
    throw new ModuleError("which is not built in and no installed package", { absent: true });
  try {
    return defaultOf(await import(url));
  } catch (error) {
    throw toModuleError(error, name);
  }
}

/** The URL of a package as seen from a directory, or undefined. */
async function findPackage(name: string, directory: string): Promise<string | undefined> {
  try {
    const jiti = await makeJiti();
    return jiti.esmResolve(name, { parentURL: pathToFileURL(`${directory}/`).href, try: true });
  } catch {
    return undefined;
  }
}

function defaultOf(module: unknown): unknown {
  const exported = module as { default?: unknown };
  if (exported.default === undefined) throw new ModuleError("a module without a default export");
  return exported.default;
}

async function importWithJiti(path: string): Promise<unknown> {
  const jiti = await makeJiti(await ownModules());
  const source = await readFile(path, "utf8");
  // Its import would leave JavaScript files to Node, which reads each once and finds no `sluice` from there.
  const options = { filename: path, async: true, forceTranspile: true };
  const exported = (await jiti.evalModule(source, options)) as { __esModule?: boolean };
  // What is no ES module exports one thing as a whole.
  return exported.__esModule ? exported : { default: exported };
}

/** Without caches, a reload sees changes, in the files that the module imports too. */
async function makeJiti(virtualModules: Record<string, unknown> = {}): Promise<Jiti> {
  // Loaded on use: a start from YAML does without the compiler.
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules,
  });
}

/** What modules beside a configuration may import although nothing is installed there. */
async function ownModules(): Promise<Record<string, unknown>> {
  const [sluice, valibot, h3] = await Promise.all([import("./index.ts"), import("valibot"), import("h3")]);
  return { sluice, valibot, h3 };
}

/** Deno reads TypeScript itself, and `npm:`, `jsr:` and `https:` imports too. The query makes a changed file a new module. */
async function importOnDeno(path: string): Promise<unknown> {
  const { mtimeMs, size } = await stat(path);
  try {
    return await import(`${pathToFileURL(path).href}?v=${mtimeMs}-${size}`);
  } catch (error) {
    // Deno looks for packages from the importing file on; one that lies elsewhere needs our own.
    const unmapped = error instanceof Error && /Import "(sluice|valibot|h3)" not/.test(error.message);
    if (unmapped) return importWithJiti(path);
    throw error;
  }
}

/** The loaders' messages hold code frames and stacks: the first line says it, the place stands at an end. */
function toModuleError(error: unknown, path: string): ModuleError {
  if (error instanceof ModuleError) return error;
  if (!(error instanceof Error)) return new ModuleError("a module that throws something that is no error");
  const message = stripVTControlCharacters(error.message);
  const [first = ""] = message.split("\n");
  const place = syntaxPlace(message, path);
  const said = maskSecrets(first.replace(/^(Syntax|Parse)Error: /, "").trim());
  if (place) return new ModuleError(`a syntax error: ${said}`, place);
  if (/^(ERR_)?MODULE_NOT_FOUND$/.test((error as NodeJS.ErrnoException).code ?? "")) {
    return new ModuleError(`an import that leads nowhere: ${said}`);
  }
  return new ModuleError(`a module that fails to load: ${said}`);
}

function syntaxPlace(message: string, path: string): { line: number; column: number } | undefined {
  if (!/^(Syntax|Parse)Error|SyntaxError/.test(message)) return undefined;
  const match = /:(\d+):(\d+)\s*$/.exec(message);
  if (!match || !message.includes(pathToFileURL(path).pathname.split("/").at(-1) ?? path)) return undefined;
  return { line: Number(match[1]), column: Number(match[2]) };
}
