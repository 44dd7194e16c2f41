/** @file Batches of preferences: 2 B rows, the chosen answers before the rejected ones, each after its prompt and filled up on the right. */

import type { PreferenceSequences } from "../sequences/preferences.ts";
import type { LanguageModelSequence } from "../sequences/sequence.ts";
import { assemble, type Batch } from "./batches.ts";
import type { PaddingOptions } from "./padding.ts";

/** A preference, and where its answers stand among those of a run: the chosen one at 2 `place`, the rejected one behind it. */
export interface PlacedPreference extends PreferenceSequences {
  readonly place: number;
}

/** At most B preferences; of those that are missing, the rows are padding. */
export function preferenceBatch(
  preferences: readonly PlacedPreference[],
  options: PaddingOptions,
): Batch {
  const { batchSize } = options;
  const size = 2 * batchSize;
  const missing = Array.from({ length: batchSize - preferences.length }, () => NOTHING);
  const chosen = preferences.map((each) => each.chosen);
  const rejected = preferences.map((each) => each.rejected);
  const rows = [...chosen, ...missing, ...rejected];
  const places = new Int32Array(size).fill(-1);
  const lengths = new Int32Array(size);
  places.set(preferences.map(({ place }) => 2 * place));
  places.set(
    preferences.map(({ place }) => 2 * place + 1),
    batchSize,
  );
  lengths.set(rows.map(({ ids }) => ids.length - 1));
  return {
    ...assemble(rows, { ...options, batchSize: size }),
    lossTokens: preferences.reduce((sum, { weight = 1 }) => sum + weight, 0),
    answers: { places, lengths },
  };
}

const NOTHING: LanguageModelSequence = { ids: new Int32Array(1), lossFrom: 1 };
