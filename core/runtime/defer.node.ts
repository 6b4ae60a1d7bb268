import { setImmediate } from "node:timers";

export function defer(work: () => void): void {
  setImmediate(work);
}
