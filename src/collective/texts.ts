/** @file Texts that ranks tell each other, as the numbers that they tell. */

import { type Collective, gathered } from "./collective.ts";
import { packed, unpacked } from "./packing.ts";

/** The texts of every rank, which need not be as many. */
export function gatheredTexts(
  collective: Collective,
  texts: readonly string[],
): readonly (readonly string[])[] {
  if (collective.size === 1) return [texts];
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  return gathered(collective, [bytes.length, ...packed(bytes)]).map(([length = 0, ...numbers]) => {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(unpacked(numbers, length)));
    return Array.isArray(parsed) ? parsed.map(String) : [];
  });
}
