import { lookup } from "node:dns";
import { isIP } from "node:net";
import { Agent, request } from "undici";
import { badRequest, GatewayError } from "../errors.ts";
import { concat } from "../transport/body.ts";
import type { LookupFunction } from "node:net";
import type { FetchedFile, PublicFetch } from "./types.ts";

const redirectLimit = 3;

/**
 * Fetches what a client's URL names, for Node and Deno. Every address that the name resolves to is checked, and the
 * connection goes to one that was: a name cannot mean one thing to the check and another to the connection.
 */
export async function fetchPublic(url: string, options: PublicFetch): Promise<FetchedFile> {
  const agent = new Agent({
    connect: { lookup: checkedLookup(options.isAllowed), timeout: options.timeout },
  });
  const signal = AbortSignal.any([AbortSignal.timeout(options.timeout), options.signal]);
  try {
    return await follow(url, { ...options, signal, agent }, redirectLimit);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw badRequest(`A file that the request names by its URL could not be fetched from ${hostOf(url)}.`);
  } finally {
    agent.destroy().catch(() => {});
  }
}

interface Fetching extends PublicFetch {
  agent: Agent;
}

async function follow(url: string, options: Fetching, redirects: number): Promise<FetchedFile> {
  const { hostname, protocol, username } = parse(url);
  if ((protocol !== "https:" && protocol !== "http:") || username) throw refused(url);
  const literal = hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) && !options.isAllowed(literal)) throw refused(url);
  const { statusCode, headers, body } = await request(url, {
    dispatcher: options.agent,
    signal: options.signal,
  });
  if (statusCode >= 300 && statusCode < 400 && typeof headers["location"] === "string") {
    await body.dump();
    if (redirects === 0) throw badRequest(`${hostOf(url)} redirects too often.`);
    return follow(new URL(headers["location"], url).href, options, redirects - 1);
  }
  if (statusCode !== 200) {
    await body.dump();
    throw badRequest(
      `${hostOf(url)} answered with status ${statusCode} to a file that the request names by its URL.`,
    );
  }
  const type = String(headers["content-type"] ?? "");
  return {
    mediaType: type.split(";", 1)[0]?.trim().toLowerCase() ?? "",
    bytes: await readBody(body, options.maxSize),
  };
}

async function readBody(body: AsyncIterable<Uint8Array>, maxSize: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxSize) {
      throw badRequest(`A file that the request names by its URL is larger than ${maxSize} bytes.`);
    }
    chunks.push(chunk);
  }
  return concat(chunks, size);
}

function checkedLookup(isAllowed: (ip: string) => boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      if (addresses.length === 0 || addresses.some(({ address }) => !isAllowed(address))) {
        return done(new Error("address not allowed"), []);
      }
      if (options.all) return done(null, addresses);
      done(null, addresses[0]?.address ?? "", addresses[0]?.family);
    });
  };
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw badRequest("A URL in the request is not valid.");
  }
}

/** A URL may hold a token: only its host is told. */
function hostOf(url: string): string {
  return parse(url).host;
}

function refused(url: string): GatewayError {
  return badRequest(`The gateway fetches no file from ${hostOf(url)}.`);
}
