/**
 * @file Tokens hidden from a text, for a model to guess: Devlin et al., "BERT", NAACL 2019, arXiv:1810.04805, section 3.1.
 *
 *   of n tokens that are text max(1, round(0.15 n)) are chosen, and each of them becomes
 *     the mask                        with probability 0.8
 *     any token of the vocabulary     with probability 0.1
 *     what it was                     with probability 0.1
 *
 * What is chosen depends on the key and the ids alone.
 */

import { integers } from "../../random/integers.ts";
import type { Key } from "../../random/key.ts";

const CHOSEN_SHARE = 0.15;

/** How many of a number of tokens are chosen. */
export const chosenOf = (tokens: number): number => Math.max(1, Math.round(CHOSEN_SHARE * tokens));

/** What may be hidden, and behind what. */
export interface Masking {
  /** The id of the mask. */
  readonly mask: number;
  readonly vocabularySize: number;
  /** Ids that are never hidden. */
  readonly specialTokens: ReadonlySet<number>;
}

/** Tokens of which some are hidden. */
export interface MaskedTokens {
  readonly ids: Int32Array;
  /** Positions of the tokens that are to be guessed; none if there is no text. */
  readonly chosen: readonly number[];
}

/** Hides tokens as BERT does; the same key hides the same ones. */
export function maskTokens(key: Key, ids: Int32Array, masking: Masking): MaskedTokens {
  const { mask, vocabularySize, specialTokens } = masking;
  const candidates = Array.from(ids.keys()).filter((at) => !specialTokens.has(ids[at] ?? mask));
  const count = Math.min(candidates.length, chosenOf(candidates.length));
  const draw = integers(key);
  const masked = ids.slice();
  const chosen: number[] = [];
  // The first steps of a Fisher-Yates shuffle.
  for (let i = 0; i < count; i += 1) {
    const j = i + draw(candidates.length - i);
    const at = candidates[j] ?? 0;
    candidates[j] = candidates[i] ?? 0;
    chosen.push(at);
    const tenth = draw(10);
    if (tenth < 8) masked[at] = mask;
    else if (tenth < 9) masked[at] = draw(vocabularySize);
  }
  return { ids: masked, chosen };
}
