import type { CodecContext } from "../../../core/index.ts";

/** Whether a service takes a member of the neutral shape that OpenAI's API has not. */
export function takesExtension({ takes }: CodecContext, name: string): boolean {
  return takes?.extensions?.includes(name) ?? false;
}
