import { AwsV4Signer } from "aws4fetch";
import type { HeaderPairs } from "../../../core/index.ts";
import type { Credentials } from "./credentials.ts";

/** Signing keys: each is good for one day, region and secret. */
const keys = new Map<string, ArrayBuffer>();
const mostKeys = 1000;

export interface ToSign {
  method: string;
  url: string;
  headers: HeaderPairs;
  body: Uint8Array | null;
  region: string;
  credentials: Credentials;
  /** `20260131T235959Z`. Default: now. */
  datetime?: string;
}

/**
 * Adds a signature (AWS Signature Version 4, service `bedrock`) to the headers: over host, content type, `x-amz-*`
 * and body. What stands in other headers may be changed on its way.
 */
export async function sign({
  method,
  url,
  headers,
  body,
  region,
  credentials,
  datetime,
}: ToSign): Promise<void> {
  // A client's own signature, or its date, would not fit ours.
  removeWhere(headers, (name) => name.startsWith("x-amz-") || name === "authorization");
  const contentType = valueOf(headers, "content-type");
  if (keys.size > mostKeys) keys.clear();
  const signer = new AwsV4Signer({
    ...credentials,
    ...(datetime !== undefined && { datetime }),
    method,
    url,
    region,
    service: "bedrock",
    cache: keys,
    // Content type is signed only when it is asked for by name.
    allHeaders: true,
    ...(contentType !== undefined && { headers: { "content-type": contentType } }),
    body: body as Uint8Array<ArrayBuffer> | null,
  });
  const signed = await signer.sign();
  for (const [name, value] of signed.headers) if (name !== "content-type") headers.push(name, value);
}

export function valueOf(headers: HeaderPairs, name: string): string | undefined {
  for (let i = headers.length - 2; i >= 0; i -= 2)
    if (headers[i]?.toLowerCase() === name) return headers[i + 1];
  return undefined;
}

export function removeWhere(headers: HeaderPairs, isRemoved: (name: string) => boolean): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (isRemoved(headers[i]?.toLowerCase() ?? "")) headers.splice(i, 2);
  }
}
