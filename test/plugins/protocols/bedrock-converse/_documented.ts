/** Converse bodies as Amazon's documentation has them, one for each of its parts. */
import { redDot } from "../_conversations.ts";

const city = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};
const weather = { toolSpec: { name: "get_weather", description: "Weather.", inputSchema: { json: city } } };
const bytes = "JVBERi0xLjQ=";

export const requests: Record<string, object> = {
  plain: { messages: [{ role: "user", content: [{ text: "Hello, Wörld 🌍" }] }] },
  inference: {
    system: [{ text: "Be short." }, { text: "Be kind." }],
    messages: [{ role: "user", content: [{ text: "Hello" }] }],
    inferenceConfig: { maxTokens: 512, temperature: 0.5, topP: 0.9, stopSequences: ["END"] },
    additionalModelRequestFields: { top_k: 200 },
    additionalModelResponseFieldPaths: ["/stop_sequence"],
  },
  caching: {
    system: [{ text: "Long." }, { cachePoint: { type: "default", ttl: "1h" } }],
    toolConfig: { tools: [weather, { cachePoint: { type: "default" } }], toolChoice: { auto: {} } },
    messages: [
      {
        role: "user",
        content: [{ text: "One" }, { cachePoint: { type: "default" } }, { text: "Two" }],
      },
      { role: "assistant", content: [{ text: "Three" }, { cachePoint: { type: "default" } }] },
      { role: "user", content: [{ text: "Four" }, { cachePoint: { type: "default" } }] },
    ],
  },
  media: {
    messages: [
      {
        role: "user",
        content: [
          { text: "What are these?" },
          { image: { format: "png", source: { bytes: redDot } } },
          {
            image: {
              format: "jpeg",
              source: { s3Location: { uri: "s3://b/k.jpg", bucketOwner: "123456789012" } },
            },
          },
          { document: { format: "pdf", name: "Report (2)", source: { bytes } } },
          {
            document: {
              format: "csv",
              name: "Figures",
              source: { bytes },
              context: "Of last year.",
              citations: { enabled: true },
            },
          },
          { document: { format: "txt", name: "Notes", source: { text: "Ä note." } } },
          { document: { name: "Parts", source: { content: [{ text: "One." }, { text: "Two." }] } } },
          { video: { format: "mp4", source: { s3Location: { uri: "s3://b/v.mp4" } } } },
          { audio: { format: "wav", source: { bytes } } },
          { searchResult: { source: "https://a.example", title: "A", content: [{ text: "Found." }] } },
        ],
      },
    ],
  },
  tools: {
    messages: [
      { role: "user", content: [{ text: "Weather in Paris and Rome?" }] },
      {
        role: "assistant",
        content: [
          { text: "I will look." },
          { toolUse: { toolUseId: "tooluse_1", name: "get_weather", input: { city: "Paris" } } },
          { toolUse: { toolUseId: "tooluse_2", name: "get_weather", input: {} } },
        ],
      },
      {
        role: "user",
        content: [
          {
            toolResult: {
              toolUseId: "tooluse_1",
              content: [{ json: { celsius: [18, 19.5] } }],
              status: "success",
            },
          },
          {
            toolResult: {
              toolUseId: "tooluse_2",
              content: [{ text: "No such city." }, { image: { format: "png", source: { bytes: redDot } } }],
              status: "error",
            },
          },
          { cachePoint: { type: "default" } },
          { text: "And now?" },
        ],
      },
    ],
    toolConfig: {
      tools: [
        weather,
        { toolSpec: { name: "now", strict: true, inputSchema: { json: { type: "object" } } } },
      ],
      toolChoice: { tool: { name: "get_weather" } },
    },
  },
  systemTools: {
    messages: [{ role: "user", content: [{ text: "News?" }] }],
    toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }, weather], toolChoice: { any: {} } },
  },
  reasoning: {
    messages: [
      { role: "user", content: [{ text: "Think." }] },
      {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
          { reasoningContent: { redactedContent: "cmVkYWN0ZWQ=" } },
          { text: "First." },
          { toolUse: { toolUseId: "t1", name: "get_weather", input: { city: "Bern" } } },
          { reasoningContent: { reasoningText: { text: "More.", signature: "c2lnMg==" } } },
          { text: "Second." },
        ],
      },
      { role: "user", content: [{ toolResult: { toolUseId: "t1", content: [{ text: "Sun." }] } }] },
    ],
    toolConfig: { tools: [weather] },
    additionalModelRequestFields: {
      thinking: { type: "enabled", budget_tokens: 4000 },
      anthropic_beta: ["x"],
    },
  },
  everything: {
    messages: [
      {
        role: "user",
        content: [
          { guardContent: { text: { text: "Guard this.", qualifiers: ["query"] } } },
          { text: "Go on." },
        ],
      },
    ],
    system: [{ guardContent: { text: { text: "A rule." } } }, { text: "Be kind." }],
    guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1", trace: "enabled" },
    promptVariables: { name: { text: "Ada" } },
    requestMetadata: { team: "blue" },
    performanceConfig: { latency: "optimized" },
    serviceTier: { type: "flex" },
    outputConfig: {
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { schema: '{ "type": "object" }', name: "city", description: "A city." } },
      },
      effort: "low",
    },
  },
  citations: {
    messages: [
      { role: "user", content: [{ text: "Why?" }] },
      {
        role: "assistant",
        content: [
          {
            citationsContent: {
              content: [{ text: "Because." }],
              citations: [
                {
                  title: "Report",
                  sourceContent: [{ text: "It says so." }],
                  location: { documentPage: { documentIndex: 0, start: 1, end: 2 } },
                },
              ],
            },
          },
        ],
      },
      { role: "user", content: [{ text: "I see." }] },
    ],
  },
};

const usage = { inputTokens: 12, outputTokens: 5, totalTokens: 17 };
const metrics = { latencyMs: 551 };

export const answers: Record<string, object> = {
  plain: {
    output: { message: { role: "assistant", content: [{ text: "Hello — 🌍!" }] } },
    stopReason: "end_turn",
    usage,
    metrics,
  },
  stopped: {
    output: { message: { role: "assistant", content: [{ text: "Hel" }] } },
    stopReason: "stop_sequence",
    additionalModelResponseFields: { stop_sequence: "END" },
    usage,
    metrics,
  },
  tools: {
    output: {
      message: {
        role: "assistant",
        content: [
          { text: "I will look." },
          { toolUse: { toolUseId: "tooluse_1", name: "get_weather", input: { city: "Paris" } } },
          { toolUse: { toolUseId: "tooluse_2", name: "now", input: {} } },
        ],
      },
    },
    stopReason: "tool_use",
    usage,
    metrics,
  },
  reasoning: {
    output: {
      message: {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
          { reasoningContent: { redactedContent: "cmVk" } },
          { text: "So." },
        ],
      },
    },
    stopReason: "end_turn",
    usage: {
      inputTokens: 3,
      outputTokens: 5,
      totalTokens: 118,
      cacheReadInputTokens: 100,
      cacheWriteInputTokens: 10,
      cacheDetails: [
        { ttl: "1h", inputTokens: 4 },
        { ttl: "5m", inputTokens: 6 },
      ],
    },
    metrics,
  },
  guarded: {
    output: { message: { role: "assistant", content: [{ text: "I may not say that." }] } },
    stopReason: "guardrail_intervened",
    usage,
    metrics,
    trace: { guardrail: { inputAssessment: { g: { topicPolicy: { topics: [] } } } } },
    performanceConfig: { latency: "standard" },
    serviceTier: { type: "priority" },
  },
  serverTool: {
    output: {
      message: {
        role: "assistant",
        content: [
          {
            toolUse: {
              toolUseId: "s1",
              name: "nova_grounding",
              input: { q: "news" },
              type: "server_tool_use",
            },
          },
          { toolResult: { toolUseId: "s1", content: [{ text: "Found." }], type: "nova_grounding_result" } },
          {
            citationsContent: {
              content: [{ text: "It rained." }],
              citations: [
                { title: "News", location: { web: { url: "https://a.example", domain: "a.example" } } },
              ],
            },
          },
        ],
      },
    },
    stopReason: "end_turn",
    usage,
    metrics,
  },
  image: {
    output: {
      message: {
        role: "assistant",
        content: [{ text: "Here." }, { image: { format: "png", source: { bytes: redDot } } }],
      },
    },
    stopReason: "end_turn",
    usage,
    metrics,
  },
};
