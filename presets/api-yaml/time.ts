/** Seconds as a configuration has them: `100s`, or ms where they are no whole number. */
export function duration(seconds: number): string | number {
  return Number.isInteger(seconds) ? `${seconds}s` : Math.round(seconds * 1000);
}
