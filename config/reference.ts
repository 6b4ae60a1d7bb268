import { homedir } from "node:os";
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isURL } from "./session.ts";

/** What a name in a configuration stands for. */
export type Reference =
  | { kind: "builtin"; name: string }
  | { kind: "file"; path: string }
  | { kind: "url"; url: string }
  | { kind: "package"; name: string }
  /** A relative name where there is nothing that it could start from. */
  | { kind: "nowhere" };

const moduleFile = /\.(?:ts|mts|cts|js|mjs|cjs)$/i;

export function isModuleFile(path: string): boolean {
  return moduleFile.test(path);
}

/**
 * What a plugin, provider or preset name stands for: a built-in one, a path (`./a.ts`, `/etc/a.ts`, `file:` URL,
 * `~/a.ts`), a URL, or else a package.
 * @param base Directory or URL that relative names start from.
 */
export function readReference(name: string, builtin: object, base: string | undefined): Reference {
  if (Object.hasOwn(builtin, name)) return { kind: "builtin", name };
  if (isURL(name)) return { kind: "url", url: name };
  if (name.startsWith("file://") && URL.canParse(name)) return fileReference(name);
  if (name.startsWith("~/")) return { kind: "file", path: resolve(homedir(), name.slice(2)) };
  if (isAbsolute(name)) return { kind: "file", path: resolve(name) };
  if (!/^\.\.?\//.test(name)) return { kind: "package", name };
  if (base === undefined) return { kind: "nowhere" };
  return isURL(base)
    ? { kind: "url", url: new URL(name, base).href }
    : { kind: "file", path: resolve(base, name) };
}

function fileReference(url: string): Reference {
  try {
    return { kind: "file", path: fileURLToPath(url) };
  } catch {
    // A file URL with a host has no path here.
    return { kind: "nowhere" };
  }
}

/** Where relative names in a file or URL start from. */
export function baseOf(location: string): string {
  return isURL(location) ? location : dirname(location);
}

/** One text per thing that a reference stands for. */
export function identityOf(reference: Reference): string {
  switch (reference.kind) {
    case "builtin":
      return `builtin ${reference.name}`;
    case "file":
      return reference.path;
    case "url":
      return reference.url;
    case "package":
      return `package ${reference.name}`;
    case "nowhere":
      return "nowhere";
  }
}
