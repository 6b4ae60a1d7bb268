/** A number from 0 up to 1. */
export type Random = () => number;

function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)] as T;
}

/** What means something to YAML, JSON, variables or JavaScript, and what means nothing anywhere. */
const tokens = [
  ..."{}[]:,-?&*!|>'\"%@`#\\$~<=\n\t\r\0\u2028\ufeff\ufdd0\ufdd1é😀",
  "\n- ",
  ": ",
  "<<: ",
  "*a",
  "&a ",
  "!!map ",
  "!env ",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "? ",
  "|\n",
  ">-\n",
  "${",
  "${}",
  "${NUMBER}",
  "${NONE}",
  "${NONE:-",
  "${TEAM_KEY}",
  "$$",
  "}",
  "//",
  "/*",
  "*/",
  '\\"',
  "\\u12",
  "__proto__",
  "constructor",
  "null",
  "true",
  "0x1f",
  ".inf",
  "-.nan",
  "1e999",
  "2027-01-01",
  "..",
  "/",
  "extends: ",
  "upstreams:\n",
  "plugins: ",
  "keys: ",
  "provider: ",
  "./a.yaml",
  "default",
  "  ",
  "        ",
];

type Mutation = (text: string, random: Random, texts: readonly string[]) => string;

const mutations: Mutation[] = [
  // Something is inserted, taken out, or there twice.
  (text, random) => splice(text, below(random, text.length + 1), 0, pick(random, tokens)),
  (text, random) => splice(text, below(random, text.length), 1 + below(random, 4), pick(random, tokens)),
  (text, random) => splice(text, below(random, text.length), below(random, 40), ""),
  (text, random) => {
    const from = below(random, text.length);
    const piece = text.slice(from, from + below(random, 200));
    return splice(text, below(random, text.length), 0, piece);
  },
  // The text ends early, or goes on as another one.
  (text, random) => text.slice(0, below(random, text.length)),
  (text, random, texts) => {
    const other = pick(random, texts);
    return text.slice(0, below(random, text.length)) + other.slice(below(random, other.length));
  },
  // Lines change places or their indentation.
  (text, random) => {
    const lines = text.split("\n");
    const [line = ""] = lines.splice(below(random, lines.length), 1);
    lines.splice(below(random, lines.length), 0, line);
    return lines.join("\n");
  },
  (text, random) => {
    const lines = text.split("\n");
    const at = below(random, lines.length);
    lines[at] = " ".repeat(below(random, 6)) + (lines[at] ?? "").trimStart();
    return lines.join("\n");
  },
  // Many of one thing.
  (text, random) =>
    splice(text, below(random, text.length), 0, pick(random, tokens).repeat(below(random, 300))),
];

function splice(text: string, at: number, length: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + length);
}

/** One of the texts after a few random changes. */
export function mutate(random: Random, texts: readonly string[]): string {
  let text = pick(random, texts);
  for (let left = 1 + below(random, 5); left > 0; left--) text = pick(random, mutations)(text, random, texts);
  return text;
}

const names =
  "extends reloadInterval server state upstreams keys aliases plugins host port maxBody timeouts connect total driver path url provider name baseURL key models prefix weight headers keyHeader options role expires allow limits auth retry rate-limit cache routing attempts anonymous global demo openai __proto__ toString servr".split(
    " ",
  );

const leaves = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  70_000,
  1e21,
  "",
  " ",
  "demo",
  "openai",
  "auth",
  "default",
  "memory",
  "redis",
  "10s",
  "32MiB",
  "60/min",
  "http://a.test",
  "/a",
  "/../a",
  "2027-01-01",
  "10.0.0.0/8",
  "./none.ts",
  "*",
  "é😀",
  "${NUMBER}",
  "${TEAM_KEY}",
  "${OPENAI_API_KEY}",
  "${NONE}",
  "${",
  "x".repeat(300),
  "a\nb",
  "\0",
];

/** A map of the configuration's own words, or what somebody might write in place of one. */
export function randomValue(random: Random, secrets: readonly string[]): unknown {
  const make = (depth: number): unknown => {
    const kind = random();
    if (depth > 4 || kind < 0.4) return random() < 0.1 ? pick(random, secrets) : pick(random, leaves);
    if (kind < 0.6) return Array.from({ length: below(random, 4) }, () => make(depth + 1));
    return map(depth);
  };
  const map = (depth: number): object => {
    const entries = Array.from({ length: 1 + below(random, 5) }, () => [
      pick(random, names),
      make(depth + 1),
    ]);
    return Object.fromEntries(entries) as object;
  };
  return map(0);
}
