import { isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { textOf } from "./facts.ts";
import { readUsage, usageOfChunk } from "./usage.ts";

/** The text of a whole answer: of its choices, or a transcription's. */
export function readText(answer: unknown): string {
  if (!isFields(answer)) return "";
  if (typeof answer["text"] === "string") return answer["text"];
  const texts = choicesOf(answer).map(({ message }) => (isFields(message) ? textOf(message["content"]) : ""));
  return texts.join("\n");
}

function choicesOf(answer: Fields): Fields[] {
  return Array.isArray(answer["choices"]) ? answer["choices"].filter(isFields) : [];
}

const output = /"(?:content|reasoning_content|reasoning|refusal|arguments|delta)":\s*"(?!")/;
const usageObject = /"usage":\s*\{/;
/** The last events of a stream of a transcription, of speech and of images: no `[DONE]` follows them. */
const lastEvent =
  /"type":\s*"(?:transcript\.text\.done|speech\.audio\.done|image_(?:generation|edit)\.completed)"/;

/** Nearly always it is `content`; to look for that alone costs a tenth of the pattern. */
function hasOutput(data: string): boolean {
  const at = data.indexOf('"content":"');
  return (at >= 0 && data[at + 11] !== '"') || output.test(data);
}

/** Most events lack the word, which is found out in a quarter of the pattern's time. */
function hasUsage(data: string): boolean {
  return data.includes('"usage"') && usageObject.test(data);
}

/** Reads chat.completion.chunk events, and those of transcriptions, speech and images. Without `collect` an event is only parsed when it holds usage. */
export class ChunkReader extends StreamReaderBase {
  event(data: string): void {
    if (data === "[DONE]") {
      this.sawEnd = true;
      return;
    }
    if (hasOutput(data)) this.outputCount++;
    else if (lastEvent.test(data)) this.sawEnd = true;
    if (!this.collect && !hasUsage(data)) return;
    const chunk = parseFields(data);
    if (!chunk) return;
    this.toldUsage = readUsage(usageOfChunk(chunk)) ?? this.toldUsage;
    if (!this.collect) return;
    if (chunk["type"] === "transcript.text.delta" && typeof chunk["delta"] === "string") {
      this.collectedText += chunk["delta"];
    }
    for (const { delta } of choicesOf(chunk)) {
      if (isFields(delta)) this.collectedText += textOf(delta["content"]);
    }
  }
}
