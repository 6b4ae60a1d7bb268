import * as fc from "fast-check";
import type { Arbitrary } from "fast-check";
import type {
  Response,
  ResponseCreateParams,
  ResponseInputItem,
  Tool,
} from "openai/resources/responses/responses";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const name = fc.stringMatching(/^[a-z_]{1,12}$/);
const id = fc.stringMatching(/^[a-z0-9_]{1,20}$/);
const maybe = <T>(one: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const schema = fc.constantFrom({}, { type: "object", properties: { x: { type: "string" } } });

/** Without undefined members: JSON has none. */
function plain<T>(one: Arbitrary<T>): Arbitrary<T> {
  return one.map((value) => JSON.parse(JSON.stringify(value)) as T);
}

const inputText = fc.record({ type: fc.constant("input_text" as const), text });
const inputPart = fc.oneof(
  inputText,
  fc.record({
    type: fc.constant("input_image" as const),
    image_url: fc.webUrl(),
    detail: fc.constantFrom("low", "high", "auto"),
  }),
  fc.record({ type: fc.constant("input_image" as const), file_id: id, detail: fc.constant("auto") }),
  fc.record({ type: fc.constant("input_file" as const), file_url: fc.webUrl(), filename: maybe(text) }),
);
const outputPart = fc.oneof(
  fc.record({
    type: fc.constant("output_text" as const),
    text,
    annotations: fc.constantFrom([], [{ type: "file_path", file_id: "f", index: 1 }]),
    logprobs: maybe(fc.constant([])),
  }),
  fc.record({ type: fc.constant("refusal" as const), refusal: text.filter(Boolean) }),
);
const status = fc.constantFrom("completed", "incomplete", "in_progress");

const modelItem = fc.oneof(
  fc.record({ role: fc.constant("assistant"), content: text }),
  fc.record({
    type: fc.constant("message"),
    role: fc.constant("assistant"),
    id: maybe(id),
    status: maybe(status),
    content: fc.array(outputPart, { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("reasoning"),
    id: maybe(id),
    summary: fc.array(fc.record({ type: fc.constant("summary_text"), text: text.filter(Boolean) }), {
      maxLength: 2,
    }),
    content: maybe(
      fc.array(fc.record({ type: fc.constant("reasoning_text"), text }), { minLength: 1, maxLength: 2 }),
    ),
    encrypted_content: fc.option(text, { nil: null }),
  }),
  fc.record({
    type: fc.constant("function_call"),
    id: maybe(id),
    call_id: id,
    name,
    arguments: fc.constantFrom("{}", '{"x":1}', '{"x'),
    status: maybe(status),
  }),
  fc.record({ type: fc.constant("custom_tool_call"), id: maybe(id), call_id: id, name, input: text }),
  fc.record({
    type: fc.constant("web_search_call"),
    id,
    status: fc.constant("completed"),
    action: fc.constant({ type: "search", query: "x" }),
  }),
);
const givenItem = fc.oneof(
  fc.record({
    type: maybe(fc.constant("message")),
    role: fc.constantFrom("user", "developer", "system"),
    content: fc.oneof(text, fc.array(inputPart, { maxLength: 3 })),
  }),
  fc.record({
    type: fc.constant("function_call_output"),
    call_id: id,
    output: fc.oneof(text, fc.array(inputPart, { maxLength: 2 })),
    id: maybe(id),
    status: maybe(status),
  }),
  fc.record({ type: fc.constant("custom_tool_call_output"), call_id: id, output: text }),
  fc.record({ type: fc.constant("item_reference"), id }),
  fc.record({ type: fc.constant("mcp_approval_response"), approval_request_id: id, approve: fc.boolean() }),
);
const input = fc.array(fc.oneof(modelItem, givenItem), { maxLength: 8 }) as unknown as Arbitrary<
  ResponseInputItem[]
>;

const tool = fc.oneof(
  fc.record({
    type: fc.constant("function"),
    name,
    parameters: fc.option(schema, { nil: null }),
    strict: fc.option(fc.boolean(), { nil: null }),
    description: maybe(text),
  }),
  fc.record({
    type: fc.constant("custom"),
    name,
    description: maybe(text),
    format: maybe(fc.constantFrom({ type: "text" }, { type: "grammar", syntax: "regex", definition: "a" })),
  }),
  fc.record({ type: fc.constant("web_search"), search_context_size: fc.constantFrom("low", "high") }),
) as unknown as Arbitrary<Tool>;

const settings = fc.record({
  instructions: maybe(fc.option(text, { nil: null })),
  max_output_tokens: maybe(fc.option(fc.integer({ min: 16, max: 100_000 }), { nil: null })),
  temperature: maybe(fc.constantFrom(0, 0.5, 2)),
  top_logprobs: maybe(fc.integer({ min: 0, max: 20 })),
  include: maybe(
    fc.subarray(["reasoning.encrypted_content" as const, "message.output_text.logprobs" as const]),
  ),
  metadata: maybe(fc.option(fc.dictionary(name, text), { nil: null })),
  parallel_tool_calls: maybe(fc.boolean()),
  previous_response_id: maybe(fc.option(id, { nil: null })),
  reasoning: maybe(
    plain(
      fc.record({
        effort: maybe(fc.constantFrom("none" as const, "high" as const, null)),
        summary: maybe(fc.constantFrom("auto" as const, null)),
        generate_summary: maybe(fc.constantFrom("auto" as const, null)),
      }),
    ),
  ),
  store: maybe(fc.option(fc.boolean(), { nil: null })),
  stream: maybe(fc.boolean()),
  text: maybe(
    plain(
      fc.record({
        format: maybe(
          fc.oneof(
            fc.constant({ type: "text" as const }),
            fc.record({
              type: fc.constant("json_schema" as const),
              name,
              schema,
              strict: maybe(fc.boolean()),
            }),
          ),
        ),
        verbosity: maybe(fc.constantFrom("low" as const, null)),
      }),
    ),
  ),
  tools: maybe(fc.array(tool, { maxLength: 3 })),
  tool_choice: maybe(
    fc.constantFrom(
      "auto" as const,
      "none" as const,
      { type: "function" as const, name: "a" },
      { type: "shell" as const },
    ),
  ),
  truncation: maybe(fc.constantFrom("auto" as const, null)),
});

/** Requests of every shape that this API's documentation has. */
export const anyRequest: Arbitrary<ResponseCreateParams> = plain(
  fc
    .tuple(settings, fc.oneof(text, input))
    .map(([rest, input]) => ({ model: "gpt-5", input, ...rest }) as ResponseCreateParams),
);

const outputItem = fc.oneof(
  fc.record({
    type: fc.constant("message"),
    role: fc.constant("assistant"),
    id,
    status,
    content: fc.array(outputPart, { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("reasoning"),
    id,
    summary: fc.array(fc.record({ type: fc.constant("summary_text"), text: text.filter(Boolean) }), {
      maxLength: 2,
    }),
    encrypted_content: maybe(text),
  }),
  fc.record({
    type: fc.constant("function_call"),
    id,
    call_id: id,
    name,
    arguments: fc.constantFrom("{}", '{"x":1}'),
    status,
  }),
  fc.record({ type: fc.constant("custom_tool_call"), id, call_id: id, name, input: text, status }),
  fc.record({
    type: fc.constant("web_search_call"),
    id,
    status: fc.constant("completed"),
    action: fc.constant({ type: "search", query: "x" }),
  }),
);
const count = fc.nat(1000);

/** Answers of every shape that this API's documentation has. */
export const anyAnswer: Arbitrary<Partial<Record<keyof Response, unknown>>> = plain(
  fc.record({
    id: fc.constant("resp_1"),
    object: fc.constant("response"),
    created_at: count,
    model: fc.constant("gpt-5"),
    error: fc.constant(null),
    status: fc.constant("completed"),
    incomplete_details: fc.constant(null),
    output: fc.array(outputItem, { maxLength: 6 }),
    usage: fc.record({
      input_tokens: count,
      input_tokens_details: fc.record({ cached_tokens: count, cache_write_tokens: count }),
      output_tokens: count,
      output_tokens_details: fc.record({ reasoning_tokens: count }),
      total_tokens: count,
    }),
    service_tier: maybe(fc.constant("default")),
    metadata: fc.dictionary(name, text),
    tools: fc.array(tool, { maxLength: 2 }),
    temperature: fc.option(count, { nil: null }),
  }),
);
