import { badRequest, isFields, parseFields, partsOf, textOfContent } from "../../../core/index.ts";
import type { CodecContext, ContentPart, Fields, ToolMessage } from "../../../core/index.ts";
import type { CallIds } from "./calls.ts";
import { asOwn, camel, isText, objects, ownOf, same } from "./fields.ts";
import { decodeMedia, encodeMedia, isMediaPart } from "./media.ts";
import { isThirdGeneration } from "./thinking.ts";
import type { FunctionResponse, Part } from "./wire.ts";

/** A part with `functionResponse` as a neutral message. `rest`: the part's other members. */
export function decodeResult(given: Fields, rest: Fields, ids: CallIds): ToolMessage {
  const { id, name, response, parts, ...members } = camel(given);
  if (!isText(name)) throw badRequest("contents: functionResponse needs a name", "contents");
  if (response !== undefined && !isFields(response)) {
    throw badRequest("contents: functionResponse.response must be an object", "contents");
  }
  const { text, failed } = textOfResponse(response ?? {});
  const own: Fields = { ...rest };
  if (id === undefined) own["withoutId"] = true;
  if (!same(response, responseOf(text, failed))) own["response"] = response ?? null;
  for (const _ in members) own["functionResponse"] = members;
  const media = objects(parts, "functionResponse.parts").map(decodeMedia);
  if (media.length > 0) own["inside"] = true;
  const said: ContentPart[] = text === "" ? [] : [{ type: "text", text }];
  return {
    role: "tool",
    tool_call_id: ids.answeredBy(name, id),
    content: media.length > 0 ? [...said, ...media] : text,
    ...(failed && { is_error: true }),
    ...asOwn(own),
  };
}

/** A response's text: of its `output`, `result` or `error` where there is no more, else all of it as JSON. */
function textOfResponse(response: Fields): { text: string; failed: boolean } {
  const [[name = "", value] = [], ...more] = Object.entries(response);
  const known = more.length === 0 && (name === "output" || name === "result" || name === "error");
  if (!known) return { text: JSON.stringify(response), failed: false };
  return { text: isText(value) ? value : JSON.stringify(value), failed: name === "error" };
}

/** A result as the object that a response has to be: a JSON object as it is, anything else under a name. */
function responseOf(text: string, failed: boolean): Fields {
  if (failed) return { error: text };
  const first = text.trimStart()[0];
  if (first === "{") return parseFields(text) ?? { output: text };
  if (first !== "[") return { output: text };
  try {
    return { output: JSON.parse(text) as unknown };
  } catch {
    return { output: text };
  }
}

/** The parts of a tool's result. Media go inside of it where the model takes them there, else right behind. */
export function encodeResult(message: ToolMessage, name: string, context: CodecContext): Fields[] {
  const { withoutId, response, functionResponse, inside: given, ...more } = ownOf(message) ?? {};
  // Where it stands is said elsewhere.
  const { content: _, role: __, ...own } = more;
  const parts = partsOf(message.content);
  const media = parts
    .filter(isMediaPart)
    .map((part): Part | undefined => encodeMedia(part, context))
    .filter((part) => part !== undefined);
  const isTaken = given === true || isThirdGeneration(context.model);
  const inside = isTaken ? media.filter((part) => given === true || goesInside(part)) : [];
  const text = textOfContent(message.content);
  const result: FunctionResponse = {
    ...(!withoutId && { id: message.tool_call_id }),
    name,
    ...(response !== null && {
      response: (response as Fields | undefined) ?? responseOf(text, message.is_error === true),
    }),
    ...(inside.length > 0 && { parts: inside }),
    ...(functionResponse as Fields | undefined),
  };
  const outside = media.filter((part) => !inside.includes(part));
  return [{ functionResponse: result, ...own } satisfies Part, ...outside];
}

/** Source: Gemini API documentation, "Function calling", multimodal function responses. */
const takenInside = /^(?:image\/(?:png|jpeg|webp)|application\/pdf|text\/plain)$/;

function goesInside({ inlineData, fileData }: Part): boolean {
  return takenInside.test(inlineData?.mimeType ?? fileData?.mimeType ?? "");
}

/** Stands for the result of a call that has none: a call without one is refused. */
export function missingResult(id: string, name: string): Fields {
  return { functionResponse: { id, name, response: { error: "No result." } } } satisfies Part;
}
