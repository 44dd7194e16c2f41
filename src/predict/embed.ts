/** @file Vectors for texts: those of texts with similar meanings point in similar directions. */

import { normalized } from "../nn/similarity.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { encode } from "./encoder.ts";
import {
  checkTask,
  encodeTexts,
  type Text,
  type PredictModel,
  type PredictOptions,
} from "./texts.ts";

/** How texts become vectors. */
export interface EmbedOptions extends PredictOptions {
  /** Whether vectors get the length 1, so that their product is the cosine; false by default. */
  readonly normalize?: boolean;
}

/**
 * Vectors [C] for texts, in their order.
 *
 * @throws {UsageError} if the model was not made for it, or a text is too long.
 */
export async function embedTexts(
  loaded: PredictModel,
  runtime: Runtime,
  texts: readonly Text[],
  options: EmbedOptions = {},
): Promise<readonly Float32Array[]> {
  checkTask(loaded, "embedding", "embed");
  const { model, weights, tokenizer } = loaded;
  const { normalize = false } = options;
  return encode(
    {
      model,
      weights,
      runtime,
      pad: tokenizer.pad,
      finish: (hidden) => (normalize ? normalized(hidden) : hidden),
    },
    encodeTexts(loaded, texts, options),
    options,
  );
}

/** The cosine of the angle between two vectors, -1 to 1. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  const product = a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
