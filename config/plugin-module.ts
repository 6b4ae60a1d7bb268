import type { Plugin } from "../core/plugin.ts";
import type { Provider } from "../core/provider.ts";
import { loadFile, loadPackage, ModuleError } from "./module.ts";
import { identityOf, readReference } from "./reference.ts";
import type { Reference } from "./reference.ts";
import { isURL } from "./session.ts";
import type { Registry, Session } from "./session.ts";

/** What a name is expected to stand for. `provider: openai` means the built-in plugin `providers/openai`. */
export type PluginKind = "plugin" | "provider";

export interface LoadedPlugin {
  plugin: Plugin;
  /** It came with this installation. */
  builtin: boolean;
}

export interface PluginRequest {
  name: string;
  /** Directory or URL that relative names start from. */
  base: string | undefined;
  kind: PluginKind;
}

type Loading = Map<string, Promise<LoadedPlugin | ModuleError>>;

/** Loads the plugin that a name stands for; the same thing once only. Never throws. */
export function loadPlugin(
  { name, base, kind }: PluginRequest,
  session: Session,
  loading: Loading,
): Promise<LoadedPlugin | ModuleError> {
  const builtin = kind === "provider" ? providerPlugin(name, session.registry) : name;
  const known = Object.hasOwn(session.registry.plugins, builtin);
  const reference: Reference = known ? { kind: "builtin", name: builtin } : readReference(name, {}, base);
  const identity = identityOf(reference);
  const begun = loading.get(identity) ?? load(reference, base, session).catch(failure);
  loading.set(identity, begun);
  return begun;
}

/** The built-in plugin that would have a provider. */
function providerPlugin(name: string, { plugins, providers }: Registry): string {
  const own = name.startsWith("providers/") ? name : `providers/${name}`;
  return Object.hasOwn(plugins, own) ? own : (Object.hasOwn(providers, name) && providers[name]) || own;
}

function failure(error: unknown): ModuleError {
  if (error instanceof ModuleError) return error;
  return new ModuleError(
    `a module that fails to load: ${error instanceof Error ? error.message : "unknown error"}`,
  );
}

async function load(reference: Reference, base: string | undefined, session: Session): Promise<LoadedPlugin> {
  switch (reference.kind) {
    case "builtin": {
      const module = await session.registry.plugins[reference.name]?.();
      return { plugin: toPlugin(module?.default), builtin: true };
    }
    case "file":
      return { plugin: await loadPluginFile(reference.path, session), builtin: false };
    case "package": {
      const directory = base === undefined || isURL(base) ? session.cwd : base;
      return { plugin: toPlugin(await loadPackage(reference.name, directory)), builtin: false };
    }
    case "url":
      throw new ModuleError("code from the network, which is never run");
    case "nowhere":
      throw new ModuleError("a path that starts from nowhere");
  }
}

async function loadPluginFile(path: string, session: Session): Promise<Plugin> {
  await session.note(path);
  try {
    return toPlugin(await loadFile(path));
  } catch (error) {
    if (!(error instanceof ModuleError) || error.absent) throw error;
    throw error.in(session.nameOf(path));
  }
}

/** A plugin as it is, or one around a provider that a module exports alone. */
function toPlugin(exported: unknown): Plugin {
  if (isPlugin(exported)) return exported;
  if (isProvider(exported)) return { name: exported.name, setup: () => ({ provider: exported }) };
  throw new ModuleError("a module whose default export is no plugin");
}

function isPlugin(value: unknown): value is Plugin {
  const { name, setup } = (value ?? {}) as Partial<Plugin>;
  return typeof name === "string" && typeof setup === "function";
}

function isProvider(value: unknown): value is Provider {
  const { name, url, authenticate } = (value ?? {}) as Partial<Provider>;
  return typeof name === "string" && typeof url === "function" && typeof authenticate === "function";
}
