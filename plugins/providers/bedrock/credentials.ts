import type { Target } from "../../../core/index.ts";
import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());

/** Options of an upstream on Bedrock. */
export const options = v.pipe(
  v.strictObject({
    region: v.pipe(
      v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1))])),
      v.description(
        "AWS region, such as `us-east-1`; of a list they take turns, each a target of its own. Default that of the base URL.",
      ),
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

const hosts = /((?:^|[/.])bedrock-runtime(?:-fips)?\.)([a-z]{2}[a-z0-9-]*-\d)(?=\.)/;

/** The region: the target's, else as configured, else as in the host of the base URL. */
export function regionOf(target: Pick<Target, "upstream" | "region">): string {
  const inHost = hosts.exec(new URL(target.upstream.baseURL).hostname)?.[2];
  return target.region ?? regionsIn(optionsOf(target))[0] ?? inHost ?? "us-east-1";
}

/** The configured regions. */
export function regionsIn({ region }: BedrockOptions): string[] {
  return region === undefined ? [] : [region].flat();
}

/** An address of Amazon's in a target's region; any other stays what it is. */
export function inRegion(url: string, { region }: Pick<Target, "region">): string {
  return region === undefined ? url : url.replace(hosts, `$1${region}`);
}
