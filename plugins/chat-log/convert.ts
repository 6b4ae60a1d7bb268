import { localDateTime } from "./entry.ts";
import { parsePythonLiteral } from "./python-literal.ts";

/** One conversation as `chat.json` holds it, in this order. */
export interface ChatRecord {
  datetime: string;
  "forwarded-for": string;
  model: string;
  messages: unknown;
  /** null where the log holds no answer to the request. */
  assistant: string | null;
}

/** A line that could not be used. */
export interface ConvertProblem {
  /** From 1, over all lines read. */
  line: number;
  message: string;
}

export interface ConvertOptions {
  onProblem?: (problem: ConvertProblem) => void;
  /**
   * How many conversations may wait: for their answer, or behind one that waits. Beyond it the oldest is
   * given out without an answer. Default 10,000.
   */
  waiting?: number;
}

type Fields = Record<string, unknown>;

/** A conversation that was asked, in the order of the log. */
interface Waiting {
  record: ChatRecord;
  uid: string | undefined;
  answered: boolean;
}

/**
 * Reads chat logs and joins requests and answers: openai-forward's pairs of lines (Python literals or
 * JSON, joined by uid), and this gateway's own lines in both formats. Records come in the order of the
 * requests; an answer may stand anywhere after its request, or shortly before it. A request without an
 * answer is kept, with `assistant: null`. Lines that cannot be used are reported and left out.
 */
export async function* convertChatLog(
  lines: AsyncIterable<string>,
  options: ConvertOptions = {},
): AsyncGenerator<ChatRecord, undefined> {
  const { onProblem = () => {}, waiting: most = 10_000 } = options;
  const queue = new Set<Waiting>();
  const asked = new Map<string, Waiting>();
  const early = new Map<string, { line: number; answer: string }>();
  let line = 0;

  /** Takes the oldest out of the queue. */
  const leave = (oldest: Waiting): ChatRecord => {
    queue.delete(oldest);
    if (oldest.uid !== undefined && asked.get(oldest.uid) === oldest) asked.delete(oldest.uid);
    return oldest.record;
  };

  const answer = (uid: string, text: string): void => {
    const request = asked.get(uid);
    if (request) {
      request.record.assistant = text;
      request.answered = true;
      asked.delete(uid);
      return;
    }
    early.set(uid, { line, answer: text });
    const [first] = early;
    if (early.size > most && first) {
      early.delete(first[0]);
      onProblem({ line: first[1].line, message: "an answer without its request" });
    }
  };

  const ask = (record: ChatRecord, uid: string | undefined): void => {
    const before = uid === undefined ? undefined : early.get(uid);
    if (uid !== undefined && before) {
      early.delete(uid);
      record.assistant = before.answer;
    }
    const answered = record.assistant !== null || uid === undefined;
    const request: Waiting = { record, uid, answered };
    queue.add(request);
    if (uid !== undefined && !answered) asked.set(uid, request);
  };

  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    try {
      const fields = readLine(text);
      const uid = typeof fields.uid === "string" ? fields.uid : undefined;
      if ("messages" in fields) ask(recordOf(fields), uid);
      else if (uid !== undefined && typeof fields.assistant === "string") answer(uid, fields.assistant);
      else throw new SyntaxError("neither a request (messages) nor an answer (assistant, uid)");
    } catch (error) {
      onProblem({ line, message: (error as Error).message });
    }
    for (const oldest of queue) {
      if (!oldest.answered && queue.size <= most) break;
      yield leave(oldest);
    }
  }
  for (const oldest of queue) yield leave(oldest);
  for (const { line } of early.values()) onProblem({ line, message: "an answer without its request" });
}

/** One line as an object: JSON where it is, else a Python literal. Throws a SyntaxError for anything else. */
function readLine(text: string): Fields {
  const value = readJson(text) ?? parsePythonLiteral(text.trim());
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError("not an object");
  }
  return value as Fields;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(fields: Fields): ChatRecord {
  const own = "answer" in fields;
  return {
    datetime: own ? localTimeOf(fields.time) : textOf(fields.datetime),
    "forwarded-for": textOf(own ? fields.ip : fields["forwarded-for"]),
    model: textOf(fields.model),
    messages: fields.messages,
    assistant: answerOf(own ? fields.answer : fields.assistant),
  };
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function answerOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The local date and time of an ISO 8601 time, as openai-forward writes it. */
function localTimeOf(time: unknown): string {
  const date = new Date(textOf(time));
  return Number.isNaN(date.getTime()) ? textOf(time) : localDateTime(date);
}
