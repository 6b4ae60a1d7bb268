#!/usr/bin/env node
import module from "node:module";
import process from "node:process";
import { renderUsage, runCommand } from "citty";
import type { ArgsDef, SubCommandsDef } from "citty";
import { checkArgs, didYouMean } from "./args.ts";
import { describeFailure, UsageError } from "./failure.ts";
import { print, printError, surviveClosedPipes } from "./output.ts";
import { version } from "../version.node.ts";

type Command = Awaited<Extract<SubCommandsDef[string], Promise<unknown>>>;

/** Core's own commands; plugins add theirs. */
const ownCommands: Record<string, () => Promise<Command>> = {
  serve: () => import("./commands/serve.ts").then((module) => module.default),
  check: () => import("./commands/check.ts").then((module) => module.default),
  explain: () => import("./commands/explain.ts").then((module) => module.default),
  simulate: () => import("./commands/simulate.ts").then((module) => module.default),
  "convert-config": () => import("./commands/convert-config.ts").then((module) => module.default as Command),
};

async function allCommands(): Promise<Record<string, () => Promise<Command>>> {
  const { commands } = await import("../../config/index.ts");
  return { ...ownCommands, ...commands, ...ownCommands };
}

/** What to ask for help on, once that is known. */
let asked = "sluice";

/** Runs one command line. Rejects with a UsageError, a ConfigError or a StartError. */
async function dispatch(argv: readonly string[]): Promise<void> {
  const [first = ""] = argv;
  if (first === "help") return dispatch([...argv.slice(1), "--help"]);
  const named = first !== "" && !first.startsWith("-");
  const rawArgs = argv.slice(named ? 1 : 0);
  if (!named && (first === "--version" || first === "-v")) return print(`${await version()}\n`);
  const help = rawArgs.includes("--help") || rawArgs.includes("-h");
  if (!named && help) return print(await mainUsage());
  const command = await find(named ? first : "serve");
  if (named) asked = `sluice ${first}`;
  if (help) return print(`${await renderUsage(command, { meta: { name: "sluice" } })}\n\n`);
  checkArgs(await argsOf(command), rawArgs);
  await runCommand(command, { rawArgs });
}

async function find(name: string): Promise<Command> {
  const own = Object.hasOwn(ownCommands, name) ? ownCommands[name] : undefined;
  if (own) return own();
  const commands = await allCommands();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command();
  throw new UsageError(`unknown command ${JSON.stringify(name)}${didYouMean(name, Object.keys(commands))}`);
}

async function argsOf(command: Command): Promise<ArgsDef> {
  const { args } = command;
  return (await (typeof args === "function" ? args() : args)) ?? {};
}

async function mainUsage(): Promise<string> {
  const description = "A reverse proxy for language-model APIs. Without a command it serves";
  const meta = { name: "sluice", version: await version(), description };
  const { serve } = ownCommands;
  const args = serve && (await argsOf(await serve()));
  return `${await renderUsage({ meta, args, subCommands: await allCommands() })}\n\n`;
}

/** The command line is at fault: ours says so with UsageError, citty with an error of this name. */
function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && error.name === "CLIError");
}

surviveClosedPipes();
// From Node 22.8 on: the second start does without compiling. Most modules are imported below this line.
module.enableCompileCache?.();
try {
  await dispatch(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  for (const line of describeFailure(error)) printError(line);
  if (isUsageError(error)) printError(`See ${asked} --help.`);
  process.exit(isUsageError(error) ? 2 : 1);
}
