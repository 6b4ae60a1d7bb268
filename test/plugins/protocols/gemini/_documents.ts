import { redDot } from "../_conversations.ts";
import type { Fields } from "../../../../core/index.ts";

/** Requests as Google's documentation shows them, and with everything that its reference lists. */
export const requests: Record<string, Fields> = {
  text: { contents: [{ parts: [{ text: "Explain how AI works in a few words." }], role: "user" }] },
  "no role": { contents: [{ parts: [{ text: "Explain how AI works in a few words." }] }] },
  "system and settings": {
    systemInstruction: { parts: [{ text: "You are a cat. Your name is Neko." }] },
    contents: [{ role: "user", parts: [{ text: "Hello there" }] }],
    generationConfig: {
      stopSequences: ["Title"],
      temperature: 1,
      maxOutputTokens: 800,
      topP: 0.8,
      topK: 10,
      candidateCount: 2,
      seed: 42,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      responseLogprobs: true,
      logprobs: 3,
      mediaResolution: "MEDIA_RESOLUTION_LOW",
      thinkingConfig: { thinkingBudget: 1024, includeThoughts: true },
    },
    safetySettings: [{ category: "HARM_CATEGORY_DANGEROUS_CONTENT", threshold: "BLOCK_ONLY_HIGH" }],
    cachedContent: "cachedContents/abc",
    labels: { team: "a" },
    serviceTier: "flex",
    store: false,
  },
  "system with role and parts": {
    systemInstruction: { role: "user", parts: [{ text: "One." }, { text: "Two." }] },
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    serviceTier: "unspecified",
  },
  turns: {
    contents: [
      { role: "user", parts: [{ text: "Hello" }] },
      { role: "model", parts: [{ text: "Great to meet you." }] },
      { role: "user", parts: [{ text: "Two dogs." }, { text: "How many paws?" }] },
    ],
  },
  "neighbours of one role": {
    contents: [
      { role: "user", parts: [{ text: "A" }] },
      { role: "user", parts: [{ text: "B" }] },
      { role: "model", parts: [{ text: "C" }] },
      { role: "model", parts: [{ text: "D" }] },
      { role: "user", parts: [{ text: "E" }] },
    ],
  },
  media: {
    contents: [
      {
        role: "user",
        parts: [
          { inlineData: { mimeType: "image/jpeg", data: redDot } },
          { inlineData: { mimeType: "audio/mp3", data: "AAAA" } },
          { inlineData: { mimeType: "audio/mpeg", data: "AAAA" } },
          { inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAAA" } },
          { inlineData: { mimeType: "application/pdf", data: "JVBERg==", displayName: "a.pdf" } },
          { inlineData: { mimeType: "video/mp4", data: "AAAA" }, videoMetadata: { fps: 5 } },
          { inlineData: { mimeType: "text/plain", data: "SGk=" } },
          {
            inlineData: { mimeType: "image/png", data: redDot },
            mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" },
          },
          {
            fileData: {
              mimeType: "video/mp4",
              fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc-123",
            },
            videoMetadata: { startOffset: "40s", endOffset: "80s" },
          },
          { fileData: { fileUri: "https://www.youtube.com/watch?v=9hE5-98ZeCg" } },
          { fileData: { fileUri: "gs://bucket/image.png", mimeType: "image/png", displayName: "An image" } },
          { fileData: { fileUri: "https://example.com/a.jpg", mimeType: "image/jpeg" } },
          { fileData: { fileUri: "https://example.com/report", mimeType: "application/pdf" } },
          { text: "What is this?", partMetadata: { source: "a" } },
        ],
      },
    ],
  },
  functions: {
    contents: [
      { role: "user", parts: [{ text: "Turn this place into a party mode." }] },
      {
        role: "model",
        parts: [
          { functionCall: { name: "power_disco_ball", args: { power: true } }, thoughtSignature: "c2lnLTE=" },
          { functionCall: { name: "start_music", args: { energetic: true, loud: true } } },
          { functionCall: { name: "dim_lights", args: {}, id: "own-1" } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "power_disco_ball", response: { status: "on" } } },
          { functionResponse: { name: "start_music", response: { result: "playing" } } },
          { functionResponse: { name: "dim_lights", id: "own-1", response: { error: "no lights" } } },
        ],
      },
      { role: "model", parts: [{ text: "Done.", thoughtSignature: "c2lnLTI=" }] },
      { role: "user", parts: [{ text: "Thanks" }] },
    ],
    tools: [
      {
        functionDeclarations: [
          {
            name: "power_disco_ball",
            description: "Powers the disco ball.",
            parameters: {
              type: "OBJECT",
              properties: {
                power: { type: "BOOLEAN", description: "On or off.", nullable: true },
                color: { type: "STRING", format: "enum", enum: ["red", "blue"] },
                times: { type: "ARRAY", items: { type: "INTEGER" }, minItems: "1", maxItems: "3" },
              },
              required: ["power"],
            },
            response: { type: "OBJECT", properties: { status: { type: "STRING" } } },
          },
          {
            name: "start_music",
            parametersJsonSchema: {
              type: "object",
              properties: { loud: { type: "boolean" } },
              additionalProperties: false,
            },
          },
          { name: "dim_lights", behavior: "NON_BLOCKING" },
        ],
      },
    ],
    toolConfig: {
      functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["power_disco_ball", "start_music"] },
    },
  },
  "results of many kinds": {
    contents: [
      { role: "user", parts: [{ text: "Go" }] },
      {
        role: "model",
        parts: [
          { text: "I will.", thought: true },
          { functionCall: { name: "a", args: { path: "x" } } },
          { functionCall: { name: "a", args: { path: "y" } } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "a", response: { output: "plain" } } },
          {
            functionResponse: {
              name: "a",
              response: { output: '{"looks":"like JSON"}' },
              parts: [{ inlineData: { mimeType: "image/png", data: redDot, displayName: "shot.png" } }],
              scheduling: "SILENT",
            },
          },
          { text: "And go on." },
        ],
      },
      { role: "model", parts: [{ functionCall: { name: "b" } }, { functionCall: { name: "b", args: {} } }] },
      { role: "function", parts: [{ functionResponse: { name: "b", response: { output: [1, 2] } } }] },
      { role: "function", parts: [{ functionResponse: { name: "b", response: { a: 1, b: "two" } } }] },
    ],
  },
  "tools of its own": {
    contents: [{ role: "user", parts: [{ text: "Search" }] }],
    tools: [
      { googleSearch: {} },
      { codeExecution: {} },
      { urlContext: {} },
      { googleMaps: { enableWidget: true } },
      { functionDeclarations: [{ name: "f" }], computerUse: { environment: "ENVIRONMENT_BROWSER" } },
      { fileSearch: { fileSearchStoreNames: ["fileSearchStores/a"] } },
      { functionDeclarations: [{ name: "g" }] },
      { functionDeclarations: [{ name: "h" }] },
    ],
    toolConfig: {
      functionCallingConfig: { mode: "VALIDATED" },
      retrievalConfig: { latLng: { latitude: 34.05, longitude: -118.25 } },
    },
  },
  "mode AUTO": {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    toolConfig: { functionCallingConfig: { mode: "AUTO" } },
  },
  "validated names": {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    toolConfig: {
      functionCallingConfig: {
        mode: "VALIDATED",
        allowedFunctionNames: ["a"],
        streamFunctionCallArguments: true,
      },
    },
  },
  "one name": {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["a"] } },
  },
  "schema in OpenAPI's way": {
    contents: [{ role: "user", parts: [{ text: "List cookies" }] }],
    generationConfig: {
      responseMimeType: "application/json",
      responseSchema: {
        type: "ARRAY",
        items: {
          type: "OBJECT",
          properties: { recipeName: { type: "STRING" }, grams: { type: "NUMBER", nullable: true } },
          propertyOrdering: ["recipeName", "grams"],
        },
      },
    },
  },
  "JSON Schema": {
    contents: [{ role: "user", parts: [{ text: "List cookies" }] }],
    generationConfig: {
      responseMimeType: "application/json",
      responseJsonSchema: {
        type: "object",
        properties: { a: { $ref: "#/$defs/a" } },
        $defs: { a: { type: "string" } },
      },
      thinkingConfig: { thinkingLevel: "HIGH" },
    },
  },
  "an enumeration as text": {
    contents: [{ role: "user", parts: [{ text: "Which?" }] }],
    generationConfig: {
      responseMimeType: "text/x.enum",
      responseSchema: { type: "STRING", enum: ["Percussion", "String"] },
    },
  },
  json: {
    contents: [{ role: "user", parts: [{ text: "JSON" }] }],
    generationConfig: { responseMimeType: "application/json", thinkingConfig: { thinkingBudget: 0 } },
  },
  "images and their history": {
    contents: [
      { role: "user", parts: [{ text: "Draw" }] },
      {
        role: "model",
        parts: [
          { text: "Here:", thoughtSignature: "c2ln" },
          { inlineData: { mimeType: "image/png", data: redDot }, thoughtSignature: "c2lnMg==" },
          { text: "And there:" },
          { inlineData: { mimeType: "image/png", data: redDot } },
        ],
      },
      { role: "user", parts: [{ text: "Brighter" }] },
    ],
    generationConfig: {
      responseModalities: ["TEXT", "IMAGE"],
      imageConfig: { aspectRatio: "16:9", imageSize: "2K" },
    },
  },
  speech: {
    contents: [{ role: "user", parts: [{ text: "Say cheerfully: Have a wonderful day!" }] }],
    generationConfig: {
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
    },
  },
  "speech of two": {
    contents: [{ role: "user", parts: [{ text: "Joe: Hi. Jane: Hi." }] }],
    generationConfig: {
      responseModalities: ["AUDIO"],
      speechConfig: {
        multiSpeakerVoiceConfig: {
          speakerVoiceConfigs: [
            { speaker: "Joe", voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
            { speaker: "Jane", voiceConfig: { prebuiltVoiceConfig: { voiceName: "Puck" } } },
          ],
        },
      },
    },
  },
  "code that was run": {
    contents: [
      { role: "user", parts: [{ text: "Sum of primes" }] },
      {
        role: "model",
        parts: [
          { text: "I will run code." },
          { executableCode: { language: "PYTHON", code: "print(5)" }, thoughtSignature: "c2ln" },
          { codeExecutionResult: { outcome: "OUTCOME_OK", output: "5\n" } },
          { text: "It is 5." },
          { toolCall: { toolType: "GOOGLE_SEARCH_WEB", args: { queries: ["x"] }, id: "t1" } },
          { toolResponse: { toolType: "GOOGLE_SEARCH_WEB", response: {}, id: "t1" } },
        ],
      },
      { role: "user", parts: [{ text: "Thanks" }] },
    ],
  },
  "signatures everywhere": {
    contents: [
      { role: "user", parts: [{ text: "Hi" }] },
      {
        role: "model",
        parts: [
          { text: "Thinking.", thought: true, thoughtSignature: "YQ==" },
          { text: "One", thoughtSignature: "Yg==" },
          { text: "Two" },
          { text: "", thoughtSignature: "Yw==" },
          { text: "More thinking.", thought: true },
          { text: "", thoughtSignature: "ZA==" },
          { text: "Three" },
          { functionCall: { name: "f", args: {}, id: "1" }, thoughtSignature: "ZQ==" },
          { text: "Four" },
        ],
      },
      { role: "user", parts: [{ functionResponse: { name: "f", id: "1", response: { output: "" } } }] },
    ],
  },
};

const meta = { modelVersion: "gemini-2.5-flash", responseId: "mAitaLmkHPPlz7IPvtfUqQ4" };
const used = { promptTokenCount: 8, candidatesTokenCount: 20, totalTokenCount: 28 };

function answerOf(candidate: Fields, usageMetadata: Fields = used): Fields {
  return { candidates: [candidate], usageMetadata, ...meta };
}

/** Answers as the service gives them. */
export const answers: Record<string, Fields> = {
  text: answerOf({
    content: { parts: [{ text: "AI learns from data — 🤖." }], role: "model" },
    finishReason: "STOP",
    index: 0,
  }),
  "without an index, a version or an id": {
    candidates: [
      { content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP", avgLogprobs: -0.1 },
    ],
    usageMetadata: { ...used, trafficType: "ON_DEMAND" },
    createTime: "2026-11-21T10:00:00Z",
  },
  thoughts: answerOf(
    {
      content: {
        parts: [
          { text: "**Considering**\n\n", thought: true },
          { text: "It is 42.", thoughtSignature: "c2ln" },
        ],
        role: "model",
      },
      finishReason: "STOP",
      index: 0,
    },
    {
      ...used,
      totalTokenCount: 78,
      thoughtsTokenCount: 50,
      cachedContentTokenCount: 4,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 3 },
        { modality: "AUDIO", tokenCount: 5 },
      ],
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 4 }],
      toolUsePromptTokenCount: 7,
    },
  ),
  functions: answerOf({
    content: {
      parts: [
        { functionCall: { name: "get_weather", args: { city: "Paris" } }, thoughtSignature: "c2ln" },
        { functionCall: { name: "get_weather", args: { city: "Rome" } } },
        { functionCall: { name: "now", args: {}, id: "fc-1" } },
      ],
      role: "model",
    },
    finishReason: "STOP",
    finishMessage: "Model generated function call(s).",
    index: 0,
  }),
  "cut off while thinking": answerOf(
    { content: { role: "model" }, finishReason: "MAX_TOKENS", index: 0 },
    { promptTokenCount: 8, totalTokenCount: 108, thoughtsTokenCount: 100 },
  ),
  unsafe: answerOf({
    finishReason: "SAFETY",
    index: 0,
    safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true }],
  }),
  blocked: {
    promptFeedback: {
      blockReason: "PROHIBITED_CONTENT",
      safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH" }],
    },
    usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 },
    ...meta,
  },
  "several candidates": {
    candidates: [
      { content: { parts: [{ text: "One" }], role: "model" }, finishReason: "STOP", index: 0 },
      { content: { parts: [{ text: "Two" }], role: "model" }, finishReason: "MAX_TOKENS", index: 1 },
    ],
    usageMetadata: used,
    ...meta,
  },
  grounded: answerOf({
    content: { parts: [{ text: "Spain won Euro 2024, " }, { text: "beating England." }], role: "model" },
    finishReason: "STOP",
    index: 0,
    groundingMetadata: {
      webSearchQueries: ["UEFA Euro 2024 winner"],
      searchEntryPoint: { renderedContent: "<div></div>" },
      groundingChunks: [{ web: { uri: "https://a.example/1", title: "a.example" } }],
      groundingSupports: [
        {
          segment: { startIndex: 0, endIndex: 20, text: "Spain won Euro 2024," },
          groundingChunkIndices: [0],
        },
      ],
    },
    citationMetadata: { citations: [{ startIndex: 2, endIndex: 9, uri: "https://b.example" }] },
  }),
  "log probabilities": answerOf({
    content: { parts: [{ text: "Hi" }], role: "model" },
    finishReason: "STOP",
    index: 0,
    avgLogprobs: -0.2,
    logprobsResult: {
      topCandidates: [{ candidates: [{ token: "Hi", logProbability: -0.2, tokenId: 5 }] }],
      chosenCandidates: [{ token: "Hi", logProbability: -0.2, tokenId: 5 }],
      logProbabilitySum: -0.2,
    },
  }),
  "images between texts": answerOf({
    content: {
      parts: [
        { text: "First:" },
        { inlineData: { mimeType: "image/png", data: redDot }, thoughtSignature: "c2ln" },
        { text: "Second:" },
        { inlineData: { mimeType: "image/png", data: redDot } },
      ],
      role: "model",
    },
    finishReason: "STOP",
    index: 0,
  }),
  speech: answerOf({
    content: {
      parts: [{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAAA" } }],
      role: "model",
    },
    finishReason: "STOP",
    index: 0,
  }),
  code: answerOf({
    content: {
      parts: [
        { text: "I run:" },
        { executableCode: { language: "PYTHON", code: "print(1)" } },
        { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1\n" } },
        { text: "It is 1." },
      ],
      role: "model",
    },
    finishReason: "STOP",
    index: 0,
    urlContextMetadata: {
      urlMetadata: [
        { retrievedUrl: "https://a.example", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" },
      ],
    },
  }),
  "a call that is not one": answerOf({
    content: { role: "model" },
    finishReason: "MALFORMED_FUNCTION_CALL",
    finishMessage: "Malformed function call: f(",
    index: 0,
  }),
};
