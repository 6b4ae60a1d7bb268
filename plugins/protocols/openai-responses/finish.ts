import type { ChatChoice, Fields, FinishReason } from "../../../core/index.ts";
import { isFields } from "../../../core/index.ts";

/** How a response ended. */
export interface Ending {
  finish_reason: FinishReason;
  /** The response's status, or why it is incomplete. */
  native_finish_reason: string;
}

/** Why a response is incomplete, and what it is called elsewhere. */
const reasons: Record<string, FinishReason> = {
  max_output_tokens: "length",
  content_filter: "content_filter",
};

/** The end of a response that is completed or incomplete. */
export function decodeEnding(response: Fields, hasCalls: boolean): Ending {
  if (response["status"] === "incomplete") {
    const details = response["incomplete_details"];
    const reason = isFields(details) ? details["reason"] : undefined;
    const native = typeof reason === "string" ? reason : "incomplete";
    const known = Object.hasOwn(reasons, native) ? reasons[native] : undefined;
    return { finish_reason: known ?? "length", native_finish_reason: native };
  }
  return { finish_reason: hasCalls ? "tool_calls" : "stop", native_finish_reason: "completed" };
}

/**
 * Status and reason of a response that ended so.
 * @param isOwn The upstream speaks this protocol: its reason is told again, whatever it is.
 */
export function encodeEnding(
  choice: Pick<ChatChoice, "native_finish_reason"> & { finish_reason?: FinishReason | null },
  isOwn = false,
): { status: "completed" | "incomplete"; incomplete_details: { reason?: string } | null } {
  const { finish_reason, native_finish_reason: native } = choice;
  if (isOwn && native != null && native !== "completed") return incomplete(native);
  if (finish_reason === "length") return incomplete("max_output_tokens");
  return finish_reason === "content_filter"
    ? incomplete("content_filter")
    : { status: "completed", incomplete_details: null };
}

function incomplete(reason: string): ReturnType<typeof encodeEnding> {
  return { status: "incomplete", incomplete_details: { reason } };
}
