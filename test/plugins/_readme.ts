import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createGateway, loadConfig } from "../../config/index.ts";
import { listen } from "../_listen.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const isDeno = "Deno" in globalThis;
/** The command line as it is installed; `npm test` builds it. */
export const builtMain = join(root, "dist/core/cli/main.js");

export const readme = await readFile(join(root, "plugins/README.md"), "utf8");

/** The code blocks of the page that begin with a file's name, by that name. */
export function filesOfPage(): Map<string, string> {
  const blocks = [...readme.matchAll(/^```\w+\n((?:\/\/|#) (\S+)\n[\s\S]*?)^```$/gm)];
  return new Map(blocks.map(([, text = "", name = ""]) => [name, text]));
}

/**
 * Writes the page's files into a new directory outside the project.
 * @param env What the configuration's variables stand for.
 */
export async function layDown(env: Record<string, string>): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "sluice-readme-")));
  for (const [name, text] of filesOfPage()) await writeFile(join(directory, name), text);
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(directory, ".env"), lines.join(""));
  return directory;
}

/** Puts the project itself into a directory's `node_modules`, as `npm link` does. */
export async function linkPackage(directory: string): Promise<void> {
  await mkdir(join(directory, "node_modules"), { recursive: true });
  await symlink(root, join(directory, "node_modules/sluice"), "dir");
}

/**
 * Installs the package as `npm install` lays it out, without a network: real files for what is published, links
 * for what it depends on. Yields the command line's main module.
 */
export async function installPackage(directory: string): Promise<string> {
  const modules = join(directory, "node_modules");
  const home = join(modules, "sluice");
  await mkdir(home, { recursive: true });
  const { files, version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Published;
  const project = { type: "module", dependencies: { sluice: version } };
  await writeFile(join(directory, "package.json"), JSON.stringify(project));
  for (const name of ["package.json", ...files]) {
    await cp(join(root, name), join(home, name), { recursive: true });
  }
  for (const name of await readdir(join(root, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(join(root, "node_modules", name), join(modules, name));
  }
  return join(home, "dist/core/cli/main.js");
}

interface Published {
  files: string[];
  version: string;
}

/** Checks the types of a directory's modules against the installed package; yields what is wrong with them. */
export async function typeErrors(directory: string): Promise<string> {
  const compilerOptions = { module: "nodenext", target: "es2023", strict: true, noEmit: true, types: [] };
  const tsconfig = { compilerOptions: { ...compilerOptions, skipLibCheck: true }, include: ["*.ts"] };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify(tsconfig));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [compiler, "-p", directory]);
  let told = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (piece: string) => (told += piece));
  await exitOf(child);
  return told;
}

/** A gateway that was started from a configuration file. */
export interface Started {
  url: string;
  /** Everything it said to whoever runs it. Complete after `stop`. */
  told: () => string;
  /** Asks it to stop and waits for its end. */
  stop(): Promise<void>;
}

/** Starts in this process, without a request log: standard output is the test's own. */
export async function startHere(file: string): Promise<Started> {
  const loaded = await loadConfig({ file });
  loaded.config.plugins = loaded.config.plugins.filter(({ plugin }) => plugin.name !== "request-log");
  const lines: string[] = [];
  const say = (text: string, ...data: unknown[]): void =>
    void lines.push([text, ...data].map(String).join(" "));
  const gateway = await createGateway(loaded, { log: { debug: say, info: say, warn: say, error: say } });
  const server = await listen(gateway);
  return {
    url: server.url,
    told: () => lines.join("\n"),
    async stop() {
      await server.close();
      await gateway.close(1000);
    },
  };
}

/** The command that runs a main module with the runtime that runs the test. */
export function commandFor(main: string): string[] {
  if (isDeno) return ["run", "-A", "--no-check", main];
  if (main.endsWith(".js")) return [main];
  const conditions = process.execArgv.filter((flag) => flag.startsWith("--conditions="));
  const loader = process.features.typescript ? [] : ["--import", import.meta.resolve("tsx")];
  return [...conditions, ...loader, main];
}

/** The main module of this project that the running runtime takes. */
export function ownMain(): string {
  return !isDeno && existsSync(builtMain) ? builtMain : join(root, "core/cli/main.ts");
}

/** Starts `sluice serve` as a process of its own, in the configuration's directory. */
export async function startProcess(main: string, directory: string): Promise<Started> {
  const args = [...commandFor(main), "serve", "--config", "sluice.yaml", "--port", "0"];
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (piece: string) => (told += piece));
  const exit = exitOf(child);
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", () => {
      const [, found] = /listens on (http:\S+)/.exec(told) ?? [];
      if (found) resolve(found);
    });
    void exit.then((code) => reject(new Error(`The gateway ended with ${code}: ${told}`)));
  });
  return {
    url,
    told: () => told,
    async stop() {
      // Not child.kill: Deno then tells the signal in place of the exit code.
      process.kill(child.pid ?? 0, "SIGTERM");
      const code = await exit;
      if (code !== 0) throw new Error(`The gateway ended with ${code}: ${told}`);
    },
  };
}

/** The exit code, once all that the process said has come. */
function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("close", (code) => resolve(code));
    child.on("error", reject);
  });
}
