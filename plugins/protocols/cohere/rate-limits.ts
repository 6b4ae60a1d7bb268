import { setAmount } from "../../../core/index.ts";
import type { RateLimit, RateLimitHeaders } from "../../../core/index.ts";

/**
 * Calls per minute, told to trial keys alone; no client reads them.
 * Source: headers of the service's answers, as handlers of it describe them.
 */
export const rateLimits: RateLimitHeaders = {
  names: ["x-trial-endpoint-call-*"],
  read(headers) {
    const requests: RateLimit = {};
    setAmount(requests, "limit", headers.get("x-trial-endpoint-call-limit"));
    setAmount(requests, "remaining", headers.get("x-trial-endpoint-call-remaining"));
    return Object.keys(requests).length > 0 ? { requests } : {};
  },
};
