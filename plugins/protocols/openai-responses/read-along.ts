import { isFields, parseFields, replaceTopLevelString, StreamReaderBase } from "../../../core/index.ts";
import { readUsage } from "./usage.ts";

const ending = /"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"/;

/** Reads the events of a stream that passes. Without `collect` only the last one is parsed. */
export class EventReader extends StreamReaderBase {
  event(data: string): void {
    // In a text the quote would be escaped.
    if (data.includes('.delta"')) {
      this.outputCount++;
      if (this.collect && data.includes("output_text.delta")) this.#collectText(data);
      return;
    }
    if (!ending.test(data)) return;
    this.sawEnd = true;
    const response = parseFields(data)?.["response"];
    if (isFields(response)) this.toldUsage = readUsage(response["usage"]) ?? this.toldUsage;
  }

  #collectText(data: string): void {
    const event = parseFields(data);
    if (event?.["type"] === "response.output_text.delta" && typeof event["delta"] === "string") {
      this.collectedText += event["delta"];
    }
  }
}

const withResponse = /"type"\s*:\s*"response\.(?:created|queued|in_progress|completed|incomplete|failed)"/;
const responseMember = /"response"\s*:\s*(?=\{)/;

/** An answer's JSON, or an event's, with another name of the model. The events that name it hold a response. */
export function renameAnswer(json: string, model: string): string {
  if (json.includes('.delta"')) return json;
  const member = withResponse.test(json) ? responseMember.exec(json) : null;
  if (!member) return replaceTopLevelString(json, "model", model);
  const start = member.index + member[0].length;
  const end = objectEnd(json, start);
  return (
    json.slice(0, start) + replaceTopLevelString(json.slice(start, end), "model", model) + json.slice(end)
  );
}

/** Where the object that begins at `start` ends. */
function objectEnd(json: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let i = start; i < json.length; i++) {
    const char = json[i];
    if (isInString) {
      if (char === "\\") i++;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return i + 1;
  }
  return json.length;
}
