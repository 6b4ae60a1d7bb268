/** What a moderation model said of some texts. */
export interface Verdict {
  flagged: boolean;
  /** Names of the categories, sorted; empty when the model named none. */
  categories: string[];
}

/** Score from which on a category counts, by name. */
export type Thresholds = Readonly<Record<string, number>>;

/** Longest name of a category that is passed on, and the characters it may have: it goes into a header. */
const categoryName = /[^\w /.-]/g;
const longestName = 64;

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the answer of a moderation endpoint. With thresholds the categories named there decide, by their
 * scores; without, the model's own `flagged`.
 * @param inputs How many texts were sent: each must have its result.
 * @throws Error when the answer is not of the expected shape; never quotes it.
 */
export function readVerdict(answer: unknown, inputs: number, thresholds: Thresholds | undefined): Verdict {
  const results = isFields(answer) && Array.isArray(answer["results"]) ? answer["results"] : undefined;
  if (!results || results.length < inputs) throw new Error("the moderation answer lacks results");
  const categories = new Set<string>();
  let flagged = false;
  for (const result of results) {
    if (!isFields(result)) throw new Error("a moderation result is no object");
    const named = thresholds ? overThreshold(result, thresholds) : namedBy(result);
    if (thresholds ? named.length > 0 : isFlagged(result)) {
      flagged = true;
      for (const name of named) categories.add(name.replace(categoryName, "").slice(0, longestName));
    }
  }
  return { flagged, categories: [...categories].sort() };
}

function isFlagged(result: Fields): boolean {
  if (typeof result["flagged"] !== "boolean") throw new Error("a moderation result lacks flagged");
  return result["flagged"];
}

function namedBy(result: Fields): string[] {
  const { categories } = result;
  if (!isFields(categories)) return [];
  return Object.keys(categories).filter((name) => categories[name] === true);
}

function overThreshold(result: Fields, thresholds: Thresholds): string[] {
  const scores = result["category_scores"];
  if (!isFields(scores)) throw new Error("a moderation result lacks category_scores");
  return Object.keys(thresholds).filter((name) => {
    const score = scores[name];
    // A category that the model does not know must not look like one that it found clean.
    if (typeof score !== "number") throw new Error(`a moderation result lacks a score of ${name}`);
    return score >= (thresholds[name] ?? Infinity);
  });
}
