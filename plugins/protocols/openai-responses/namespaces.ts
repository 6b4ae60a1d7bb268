import { isFields } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, Fields } from "../../../core/index.ts";
import { asOwn, ownOf } from "./own.ts";

/** What a call tells of its tool's place: the name within the namespace, and the namespace. */
export interface Place {
  name: string;
  namespace: string;
}

/** The name that a tool of a namespace has where there are no namespaces. */
export function flatName(namespace: string, name: string): string {
  return namespace.endsWith("__") ? namespace + name : `${namespace}__${name}`;
}

/** A tool of a namespace as a plain one that remembers where it came from. */
export function flatten(tool: ChatTool, about: Fields): ChatTool {
  if (tool.type === "extension") return tool;
  const { name } = tool.type === "custom" ? tool.custom : tool.function;
  const flat = flatName(String(about["name"]), name);
  const own = asOwn({ ...ownOf(tool), name, namespace: about });
  if (tool.type === "custom") return { ...tool, custom: { ...tool.custom, name: flat }, ...own };
  return { ...tool, function: { ...tool.function, name: flat }, ...own };
}

/** Tools as they are written, those that name a namespace together in it. */
export function grouped(tools: readonly Fields[]): Fields[] {
  const written: Fields[] = [];
  for (const { namespace, ...tool } of tools) {
    const last = written.at(-1);
    if (!isFields(namespace)) written.push(tool);
    else if (last?.["type"] === "namespace" && last["name"] === namespace["name"]) {
      (last["tools"] as Fields[]).push(tool);
    } else written.push({ ...namespace, tools: [tool] });
  }
  return written;
}

/** The places of a request's tools, by the names that other protocols have for them. */
export function placesOf({ tools = [] }: Pick<ChatRequest, "tools">): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const tool of tools) {
    const { name, namespace } = ownOf(tool as { extensions?: ChatRequest["extensions"] }) ?? {};
    if (tool.type === "extension" || typeof name !== "string" || !isFields(namespace)) continue;
    const flat = tool.type === "custom" ? tool.custom.name : tool.function.name;
    places.set(flat, { name, namespace: String(namespace["name"]) });
  }
  return places;
}

/** An item of an answer; a call with its tool's own name and namespace. */
export function placed(item: Fields, places: ReadonlyMap<string, Place>): Fields {
  const isCall = item["type"] === "function_call" || item["type"] === "custom_tool_call";
  const place = isCall && item["namespace"] === undefined && places.get(String(item["name"]));
  return place ? { ...item, ...place } : item;
}

/** What a call's item keeps beside its flat name: it is written again as it was. */
export function ownOfCall(name: string, rest: Fields): { flat: string; own: Fields } {
  const { namespace } = rest;
  return typeof namespace === "string"
    ? { flat: flatName(namespace, name), own: { ...rest, name } }
    : { flat: name, own: rest };
}
