import { ApiError, GoogleGenAI } from "@google/genai";
import type { Content, GenerateContentParameters, GenerateContentResponse, Part } from "@google/genai";
import { collect } from "../../sdk/_compare.ts";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Body = GenerateContentParameters & { contents: Content[] };

/** Google's SDK. */
export const gemini: Client = {
  name: "Gemini",
  async ask(link, ask, stream) {
    const client = new GoogleGenAI({
      apiKey: link.key,
      httpOptions: { baseUrl: link.url, headers: link.headers },
    });
    const body = bodyOf(link, ask);
    const answers = stream
      ? await collect(await client.models.generateContentStream(body))
      : [await client.models.generateContent(body)];
    return observe(answers, body.contents);
  },
  failure(error) {
    const { status, message } = error as ApiError;
    return { own: error instanceof ApiError, status, message };
  },
};

function bodyOf({ model }: Link, ask: Ask): Body {
  return {
    model,
    contents: contentsOf(ask),
    config: {
      systemInstruction: ask.system,
      maxOutputTokens: maxTokens,
      ...(ask.tools && {
        tools: [
          {
            functionDeclarations: ask.tools.map(({ parameters, ...tool }) => ({
              ...tool,
              parametersJsonSchema: parameters,
            })),
          },
        ],
      }),
      ...(ask.schema && { responseMimeType: "application/json", responseJsonSchema: ask.schema }),
      ...(ask.reasoning && { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } }),
    },
  };
}

function contentsOf({ text, image, after }: Ask): Content[] {
  if (after) {
    const parts = after.results.map(({ id, name, text: output }) => ({
      functionResponse: { ...(id && { id }), name, response: { output } },
    }));
    return [...(after.history as Content[]), { role: "user", parts }];
  }
  const inline = image ? [{ inlineData: { mimeType: "image/png", data: image } }] : [];
  return [{ role: "user", parts: [{ text }, ...inline] }];
}

function observe(answers: GenerateContentResponse[], contents: Content[]): Observation {
  const candidates = answers.map((answer) => answer.candidates?.[0]);
  const parts: Part[] = candidates.flatMap((candidate) => candidate?.content?.parts ?? []);
  const texts = (thought: boolean): string =>
    parts.map((part) => (Boolean(part.thought) === thought ? (part.text ?? "") : "")).join("");
  const calls = parts.flatMap(({ functionCall }) => (functionCall ? [functionCall] : []));
  const finish = candidates.findLast((candidate) => candidate?.finishReason)?.finishReason;
  const done = calls.length > 0 ? "tool_calls" : "stop";
  const usage = answers.findLast(({ usageMetadata }) => usageMetadata)?.usageMetadata;
  return {
    text: texts(false),
    toolCalls: calls.map(({ id = "", name = "", args }) => ({ id, name, args })),
    reasoning: texts(true),
    usage: {
      input: usage?.promptTokenCount,
      output: usage && (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
    },
    // The second word is aimock's own.
    finish: finish === "STOP" || String(finish) === "FUNCTION_CALL" ? done : String(finish),
    model: answers.at(-1)?.modelVersion,
    pieces: parts.filter((part) => part.text && !part.thought).length,
    history: [...contents, { role: "model", parts }],
  };
}
