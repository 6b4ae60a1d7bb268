import type { Seen, Sent } from "../cell.ts";
import { list, object, propertiesOf, schemaOf, text, textOf, unwrapped } from "./read.ts";

/** Reads a request of Gemini's generateContent. */
export function readGenerate({ body, url }: Seen): Sent {
  const contents = list(body["contents"]);
  const partsOf = (role: string) =>
    contents.filter((content) => content["role"] === role).map(({ parts }) => list(parts));
  const config = object(body["generationConfig"]);
  const thinking = object(config["thinkingConfig"]);
  const declared = list(body["tools"]).flatMap(({ functionDeclarations }) => list(functionDeclarations));
  const answered = partsOf("user")
    .flat()
    .map(({ functionResponse }) => functionResponse);
  return {
    system: textOf(object(body["systemInstruction"])["parts"]),
    texts: partsOf("user")
      .map(textOf)
      .filter((said) => said !== ""),
    images: partsOf("user")
      .flat()
      .flatMap(({ inlineData }) => (inlineData ? [text(object(inlineData)["data"])] : [])),
    tools: declared.map(({ name, parameters, parametersJsonSchema }) => ({
      name: text(name),
      properties: propertiesOf(parametersJsonSchema ?? parameters),
    })),
    calls: partsOf("model")
      .flat()
      .flatMap(({ functionCall }) => (functionCall ? [object(functionCall)] : []))
      .map(({ name, args }) => ({ name: text(name), args })),
    results: answered.filter(Boolean).map((one) => unwrapped(object(one)["response"])),
    schema: schemaOf(config["responseJsonSchema"] ?? config["responseSchema"]),
    reasoning: thinking["includeThoughts"] === true,
    maxTokens: config["maxOutputTokens"],
    stream: url.includes(":streamGenerateContent"),
  };
}
