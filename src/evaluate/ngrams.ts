/** @file n-grams and how many of them two texts share: Σ min(count here, count there). */

/** Tokens must hold no spaces: an n-gram is its tokens joined by spaces. */
export function countNgrams(tokens: readonly string[], order: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + order <= tokens.length; start += 1) {
    const ngram = tokens.slice(start, start + order).join(" ");
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** An n-gram counts as often as it occurs in both. */
export function countMatches(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): number {
  let matches = 0;
  for (const [ngram, count] of a) matches += Math.min(count, b.get(ngram) ?? 0);
  return matches;
}

/** How many n-grams so many tokens have. */
export const ngramTotal = (tokens: number, order: number): number =>
  Math.max(tokens - order + 1, 0);
