/**
 * @file The programs of the head: output embedding and cross-entropy, in chunks of the vocabulary, so that no more than a chunk of
 * logits and of the gradient exists (`nn/loss.ts` has the equations).
 *
 *   statistics   (hidden, W[chunk], targets, peak, sum, target)   -> peak', sum', target'      one run a chunk
 *   loss         (peak, sum, target, weights)                     -> loss
 *   gradients    (hidden, W[chunk], ..., dHidden, acc[chunk], A)  -> dHidden', acc'[chunk]     one run a chunk
 *
 * A vocabulary of one chunk is one program.
 */

import type { Tensors } from "../graph/tensors.ts";
import { input, scalarLike, type Value } from "../graph/value.ts";
import {
  chunkGradients,
  chunkStatistics,
  type LogitStatistics,
  lossOf,
  type VocabularyChunk,
} from "../nn/loss.ts";
import { add } from "../ops/elementwise.ts";
import { fill } from "../ops/movement.ts";
import { compile, type Program } from "../onnx/model.ts";
import { accumulator } from "../optim/accumulator.ts";
import type { ParamTraining } from "./plan.ts";
import { accumulateInto } from "./stage-programs.ts";

export interface HeadShape {
  /** N: tokens of a micro-batch. */
  readonly tokens: number;
  /** C */
  readonly width: number;
  /** V', rows of the chunk. */
  readonly rows: number;
}

/** The name of the head's weight inside its programs. */
export const HEAD_WEIGHT = "weight";

const LOWEST = -1e30;

/** What the head computes beside the loss and the cotangent of its input: the gradient of its weight, if that is trained. */
export interface HeadGradients {
  readonly training: ParamTraining | undefined;
}

/** One program for a vocabulary of one chunk; without gradients only the loss. */
export function buildWholeHead(shape: HeadShape, gradients: HeadGradients | undefined): Program {
  const { chunk, weights } = headInputs(shape);
  const start = scalarLike(chunk.hidden, 0);
  const column = fill(start, 0, [shape.tokens, 1]);
  const lowest = fill(start, LOWEST, [shape.tokens, 1]);
  const statistics = chunkStatistics(chunk, { peak: lowest, sum: column, target: column });
  const loss = lossOf(statistics, weights);
  if (!gradients) return compile({ loss });
  const { dHidden, dWeight } = chunkGradients(chunk, statistics, weights);
  const { training } = gradients;
  const whole = training && accumulateInto(HEAD_WEIGHT, training, training.accumulator, dWeight);
  return compile({ loss, dHidden, ...whole });
}

export function buildStatistics(shape: HeadShape): Program {
  const { chunk } = headInputs(shape);
  const { peak, sum, target } = chunkStatistics(chunk, statisticsInputs(shape));
  return compile({ "peak'": peak, "sum'": sum, "target'": target });
}

export function buildLoss(shape: HeadShape): Program {
  const { weights } = headInputs(shape);
  return compile({ loss: lossOf(statisticsInputs(shape), weights) });
}

export function buildGradients(shape: HeadShape, { training }: HeadGradients): Program {
  const { chunk, weights } = headInputs(shape);
  const { dHidden, dWeight } = chunkGradients(chunk, statisticsInputs(shape), weights);
  const before = input("dHidden", "float32", [shape.tokens, shape.width]);
  return compile({
    "dHidden'": add(before, dHidden),
    ...(training && accumulatedRows(shape, training, dWeight)),
  });
}

function headInputs({ tokens, width, rows }: HeadShape): {
  readonly chunk: VocabularyChunk;
  readonly weights: Value;
} {
  return {
    chunk: {
      hidden: input("hidden", "float32", [tokens, width]),
      weight: input(HEAD_WEIGHT, "float32", [rows, width]),
      targets: input("targets", "int32", [tokens, 1]),
    },
    weights: input("weights", "float32", [tokens, 1]),
  };
}

const statisticsInputs = ({ tokens }: HeadShape): LogitStatistics => ({
  peak: input("peak", "float32", [tokens, 1]),
  sum: input("sum", "float32", [tokens, 1]),
  target: input("target", "float32", [tokens, 1]),
});

/** The accumulator of the chunk's rows with their gradient in it. */
function accumulatedRows(
  { rows, width }: HeadShape,
  training: ParamTraining,
  dWeight: Value,
): Tensors {
  const own = accumulator([rows, width], { projection: training.gradientProjection });
  return accumulateInto(HEAD_WEIGHT, training, own, dWeight);
}
