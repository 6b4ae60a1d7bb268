import { resolve } from "node:path";
import process from "node:process";
import { Document, isMap, isNode, isScalar } from "yaml";
import { ConfigError, formatPath } from "../core/config-error.ts";
import { createLog } from "../core/log.ts";
import { absolute, readEnvironment } from "./entry.ts";
import { openText, readForeign, tellRemarks } from "./foreign.ts";
import type { ForeignDocument } from "./foreign.ts";
import { registryOf } from "./load.ts";
import type { LoadOptions } from "./load.ts";
import { baseOf } from "./reference.ts";
import { showURL } from "./remote.ts";
import { isURL, Session } from "./session.ts";
import { toProblems } from "./problems.ts";

/**
 * Reads another gateway's configuration and yields the text of one of ours that does the same, with comments that tell
 * where each part came from. Secrets stand in it as they stood in the file.
 * @param location Path or URL.
 * @throws ConfigError with every mistake of the file, or where it is of no known shape
 */
export async function convertConfig(location: string, options: LoadOptions = {}): Promise<string> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const session = new Session({
    cwd,
    registry: await registryOf(options.registry),
    log: options.log ?? createLog(),
  });
  const place = absolute(location, session);
  await readEnvironment(session, options.env, place);
  const name = isURL(place) ? showURL(place) : session.nameOf(place);
  const fail = (found: string, expected: string): ConfigError =>
    new ConfigError([{ path: [], file: name, found, expected }]);

  const read = await session.readText(place);
  const opened = read.failure === undefined && isURL(place) ? await openText(read.text, session) : read;
  if (opened.failure !== undefined) throw fail(opened.failure, "a configuration in YAML");
  const source = { text: opened.text, name, base: baseOf(place), json: /\.jsonc?$/i.test(name) };
  const foreign = await readForeign(source, session);
  const known = session.registry.formats.map((format) => format.name).join(" or ");
  if (!foreign) throw fail("no configuration of another gateway", `one of ${known}`);
  if (!foreign.conversion) throw new ConfigError(toProblems(session));
  tellRemarks(foreign, session);
  return render(foreign);
}

function render({ format, source, conversion }: ForeignDocument): string {
  const { config = {}, origins = [], warnings = [] } = conversion ?? {};
  const document = new Document(withDollars(config));
  for (const { path, from } of origins) {
    const line = source.positionOf(from)?.line;
    const place = ` ${formatPath(from)}${line === undefined ? "" : `, line ${line}`}`;
    comment(document, path, from.length > 0 ? place : ` as ${format.name} does without being told`);
  }
  const remarks = warnings.map(
    ({ from, text }) => ` - ${from.length > 0 ? `${formatPath(from)} ` : ""}${text}`,
  );
  document.commentBefore = [
    ` Made from ${source.name}, a configuration of ${format.name}; the comments tell where each part came from.`,
    ...(remarks.length > 0 ? [" What is not in it as it was:", ...remarks] : []),
  ].join("\n");
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Puts a comment above what stands at a path: above its name in a map, above its dash in a list. */
function comment(document: Document, path: readonly (string | number)[], text: string): void {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const last = path.at(-1);
  const key = isMap(parent)
    ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key
    : undefined;
  const node = key ?? document.getIn(path, true);
  if (!isNode(node)) return;
  const before = node.commentBefore;
  if (before?.includes(text)) return;
  node.commentBefore = before ? `${before}\n${text}` : text;
}

/** A dollar begins a variable in our files, and two of them are one. */
function withDollars(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(withDollars);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withDollars(one)]));
}
