/** @file Batches whose memory is counted: one of which only the shapes are true, and what those add whose rows do not all count. */

import { countedPlaces } from "../../engine/objectives/counted-rows.ts";
import { keepsLogitsOf } from "../../engine/objectives/cross-entropy.ts";
import type { Batch } from "../../models/batch.ts";
import { headRows, type InputTypes, type Model } from "../../models/model.ts";
import type { RunParts } from "../setup/prepare.ts";
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

/** What batches whose rows do not all count add to a run: prompts and padding are left out of the logits. */
export interface CountedRows {
  /** The batch that keeps the most logits for the second pass, where the largest, all of whose rows count, keeps none. */
  readonly keepsLogits?: Batch | undefined;
  /** Programs for numbers of rows, which come one after another. */
  readonly programs: number;
}

/** Batches that are looked at. */
const LOOKS = 64;
/** Programs for a number of rows of so many: into a smaller batch, and back. */
const PROGRAMS_OF_PLACES = 2;
/** Programs for a number of rows: logits with and without being kept, their loss and their gradients. */
const PROGRAMS_OF_ROWS = 4;

/** Looks at the batches that a run begins with; a stream tells nothing before. */
export function countedRowsOf({
  config: { epochs = 1, microSteps, steps, task, vocabularyChunk },
  data: { shapes, training },
  model,
}: Pick<RunParts, "config" | "data" | "model">): CountedRows {
  const vocabulary = headRows(model);
  if (training.batchesPerEpoch === undefined || vocabulary <= vocabularyChunk) {
    return { programs: 0 };
  }
  const largest = countedBatch(shapes.at(-1) ?? {}, model).targets.length;
  const taken = steps === undefined ? training.batchesPerEpoch * epochs : steps * microSteps;
  let most = keepsLogitsOf(largest, vocabulary) ? Infinity : 0;
  let keepsLogits: Batch | undefined;
  const [rows, places] = [new Set<number>(), new Set<string>()];
  for (let position = 0; position < Math.min(LOOKS, taken); position++) {
    const batch = training.batchAt(position);
    const all = batch.targets.length;
    // What weighs whole answers takes all rows.
    const counted = task === "preference" ? undefined : countedPlaces(batch.weights)?.length;
    const count = counted ?? all;
    if (count !== largest) rows.add(count);
    if (counted !== undefined) places.add(`${all} ${counted}`);
    if (count > most && keepsLogitsOf(count, vocabulary)) [most, keepsLogits] = [count, batch];
  }
  return {
    keepsLogits,
    programs: PROGRAMS_OF_ROWS * rows.size + PROGRAMS_OF_PLACES * places.size,
  };
}
