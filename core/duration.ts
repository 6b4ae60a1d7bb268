import * as v from "valibot";

const durationUnits: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const sizeUnits: Record<string, number> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

function parseWithUnits(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim());
  const unit = match?.[2] && units[match[2].toLowerCase()];
  return match && unit ? Number(match[1]) * unit : undefined;
}

function withUnits(units: Record<string, number>, expected: string) {
  return v.pipe(
    v.union([v.pipe(v.number(), v.finite(), v.minValue(0)), v.string()], expected),
    v.check((value) => typeof value === "number" || parseWithUnits(value, units) !== undefined, expected),
    v.transform((value) => (typeof value === "number" ? value : (parseWithUnits(value, units) ?? 0))),
  );
}

/** valibot schema of a length of time: a number of ms, or `500ms`, `10s`, `5m`, `2h`, `1d`. Yields ms. */
export const duration = withUnits(
  durationUnits,
  'a duration such as "500ms", "10s", "5m", "2h" or a number of ms',
);

/** valibot schema of a size: a number of bytes, or `64KB`, `32MiB`, `1GB`. Yields bytes. */
export const size = withUnits(sizeUnits, 'a size such as "64KB", "32MiB" or a number of bytes');
