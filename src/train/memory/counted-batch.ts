/** @file A batch of which only the shapes are true. */

import type { Batch } from "../../models/batch.ts";
import type { InputTypes, Model } from "../../models/model.ts";
import { staticShape } from "../../tensor/shape.ts";
import { zeros } from "../../tensor/host-tensor.ts";

/**
 * A batch with inputs of these types and as many targets as the model's task has.
 *
 * @param choices - tokens of each target, where a teacher says more than one
 */
export function countedBatch(types: InputTypes, { task }: Model, choices?: number): Batch {
  const inputs = Object.fromEntries(
    Object.entries(types).map(([name, { dtype, shape }]) => [
      name,
      zeros(dtype, staticShape(name, shape)),
    ]),
  );
  const [size = 0, length = 0] = (inputs["ids"] ?? inputs["pixels"])?.shape ?? [];
  const [, answers = length] = (inputs["decoderIds"] ?? inputs["chosen"])?.shape ?? [];
  const count = TARGETS[task]({ size, length, answers });
  return {
    size,
    inputs,
    targets: new Int32Array(count),
    weights: new Float32Array(count).fill(1),
    tokens: count,
    lossTokens: count,
    ...(choices !== undefined && {
      soft: {
        choices,
        ids: new Int32Array(count * choices),
        shares: new Float32Array(count * choices),
      },
    }),
  };
}

interface Sizes {
  readonly size: number;
  readonly length: number;
  /** Tokens of an answer, or places to be guessed. */
  readonly answers: number;
}

const everyAnswer = ({ size, answers }: Sizes): number => size * answers;
const everyExample = ({ size }: Sizes): number => size;

/** N, the targets of a batch. */
const TARGETS: Readonly<Record<Model["task"], (sizes: Sizes) => number>> = {
  causal: everyAnswer,
  seq2seq: everyAnswer,
  masked: everyAnswer,
  classification: everyExample,
  "image-classification": everyExample,
  // Pairs of texts are two rows each.
  embedding: ({ size }) => size / 2,
};
