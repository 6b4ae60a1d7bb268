import type { Target } from "../../../core/index.ts";
import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());

/** Options of an upstream on Bedrock. */
export const options = v.pipe(
  v.strictObject({
    region: v.pipe(
      v.optional(text),
      v.description("AWS region, such as `us-east-1`. Default that of the base URL."),
    ),
    accessKeyId: v.pipe(v.optional(text), v.description("Access key that requests are signed with.")),
    secretAccessKey: v.pipe(v.optional(text), v.description("The access key's secret.")),
    sessionToken: v.pipe(v.optional(text), v.description("Of temporary credentials.")),
    betas: v.pipe(
      v.optional(v.array(text), []),
      v.description("Further beta flags of Anthropic's that are passed on to Claude."),
    ),
  }),
  v.check(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    "accessKeyId and secretAccessKey together",
  ),
);

export type BedrockOptions = v.InferOutput<typeof options>;

export function optionsOf({ upstream }: Pick<Target, "upstream">): BedrockOptions {
  return upstream.options as BedrockOptions;
}

/** What a request is signed with. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** A key of the form `accessKeyId:secretAccessKey[:sessionToken]`; any other is a Bedrock API key. */
export function isAccessKey(key: string): boolean {
  return key.includes(":");
}

/** What an attempt is signed with: the target's key before the options; undefined where it bears an API key, or nothing. */
export function credentialsOf(target: Target): Credentials | undefined {
  if (target.key !== undefined) {
    if (!isAccessKey(target.key)) return undefined;
    const [accessKeyId = "", secretAccessKey = "", sessionToken] = target.key.split(":");
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  const { accessKeyId, secretAccessKey, sessionToken } = optionsOf(target);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** The region: as configured, else as in the host of the base URL. */
export function regionOf(target: Pick<Target, "upstream">): string {
  const { hostname } = new URL(target.upstream.baseURL);
  const inHost = /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z]{2}[a-z0-9-]*-\d)\./.exec(hostname)?.[1];
  return optionsOf(target).region ?? inHost ?? "us-east-1";
}
