import OpenAI, { APIError, BadRequestError, RateLimitError } from "openai";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Input = OpenAI.Responses.ResponseInputItem;
type Body = OpenAI.Responses.ResponseCreateParamsNonStreaming & { input: Input[] };

/** OpenAI's SDK, Responses; streams go through its own accumulator, which refuses events out of order. */
export const openaiResponses: Client = {
  name: "OpenAI Responses",
  async ask(link, ask, stream) {
    const client = new OpenAI({
      apiKey: link.key,
      baseURL: `${link.url}/v1`,
      maxRetries: 0,
      defaultHeaders: link.headers,
    });
    const body = bodyOf(link, ask);
    if (!stream) return observe(await client.responses.create(body), body.input, 1);
    const told: string[] = [];
    const events = client.responses.stream({ ...body, stream: true });
    events.on("response.output_text.delta", ({ delta }) => void told.push(delta));
    const answer = await events.finalResponse();
    const observation = observe(answer as OpenAI.Responses.Response, body.input, told.length);
    if (told.join("") !== observation.text) throw new Error("The deltas say another text than the whole.");
    return observation;
  },
  failure(error) {
    const { status, message } = error as APIError;
    const own = status === 429 ? RateLimitError : BadRequestError;
    return { own: error instanceof own, status: Number(status), message };
  },
};

function bodyOf({ model }: Link, ask: Ask): Body {
  return {
    model,
    instructions: ask.system,
    input: inputOf(ask),
    max_output_tokens: maxTokens,
    store: false,
    ...(ask.tools && {
      tools: ask.tools.map((tool) => ({ type: "function" as const, strict: false, ...tool })),
    }),
    ...(ask.schema && {
      text: { format: { type: "json_schema", name: "city", strict: true, schema: ask.schema } },
    }),
    ...(ask.reasoning && { reasoning: { effort: "medium", summary: "auto" } }),
  };
}

function inputOf({ text, image, after }: Ask): Input[] {
  if (after) {
    const told = after.results.map(({ id, text: output }) => ({
      type: "function_call_output" as const,
      call_id: id,
      output,
    }));
    return [...(after.history as Input[]), ...told];
  }
  if (!image) return [{ role: "user", content: text }];
  const image_url = `data:image/png;base64,${image}`;
  return [
    {
      role: "user",
      content: [
        { type: "input_text", text },
        { type: "input_image", image_url, detail: "auto" },
      ],
    },
  ];
}

function observe(answer: OpenAI.Responses.Response, input: Input[], pieces: number): Observation {
  const { output, output_text, usage, status, model } = answer;
  const calls = output.filter((item) => item.type === "function_call");
  const thoughts = output.filter((item) => item.type === "reasoning");
  const reasoning = thoughts.map(({ summary, content }) =>
    [...summary, ...(summary.length > 0 ? [] : (content ?? []))].map(({ text }) => text).join(""),
  );
  const done = calls.length > 0 ? "tool_calls" : "stop";
  return {
    text: output_text,
    toolCalls: calls.map(({ call_id: id, name, arguments: args }) => ({
      id,
      name,
      args: JSON.parse(args) as unknown,
    })),
    reasoning: reasoning.join(""),
    usage: { input: usage?.input_tokens, output: usage?.output_tokens },
    finish: status === "completed" ? done : String(status),
    model,
    pieces,
    history: [...input, ...(output as Input[])],
  };
}
