/**
 * @file The programs of the head: output embedding and cross-entropy, in chunks of the vocabulary, so that no more than a chunk of
 * logits and of the gradient exists (`nn/loss.ts` has the equations).
 *
 *   statistics   (hidden, W[chunk], targets, peak, sum, target)   -> peak', sum', target'      one run a chunk       [+ logits]
 *   loss         (peak, sum, target, weights)                     -> loss, correct
 *   likelihood   (peak, sum, target)                              -> log-probabilities of the targets, [N, 1]
 *   gradients    (hidden, W[chunk], ..., dHidden, acc[chunk], A)  -> dHidden', acc'[chunk]     one run a chunk       [logits too]
 *
 * A vocabulary of one chunk is one program. Where a target is several tokens, `shares` come with `targets`, both [N, K].
 */

import type { ParamTraining } from "../parts/param-plan.ts";
import { mapTensors, type Tensors } from "../../graph/tensors.ts";
import { input, scalarLike, type Value } from "../../graph/value.ts";
import type { HeadAdapter } from "../../models/model.ts";
import {
  chunkGradients,
  type ChunkGradients,
  chunkStatistics,
  correctOf,
  logitsOf,
  logProbabilities,
  type LogitStatistics,
  lossOf,
  type Smoothing,
  type VocabularyChunk,
} from "../../nn/loss.ts";
import { add, cast } from "../../ops/elementwise.ts";
import { fill } from "../../ops/movement.ts";
import { compile, type Program } from "../../onnx/model.ts";
import type { Accumulator } from "../../compress/accumulator.ts";
import type { WeightDType } from "../../optim/rounding.ts";
import { accumulateInto } from "../parts/accumulate.ts";

export interface HeadShape {
  /** N: tokens of a micro-batch. */
  readonly tokens: number;
  /** C */
  readonly width: number;
  /** V', rows of the chunk. */
  readonly rows: number;
  readonly softcap: number | undefined;
  readonly smoothing?: Smoothing | undefined;
  /** K, where a target is several tokens. */
  readonly choices?: number | undefined;
  /** Whether the first pass hands its logits to the second. */
  readonly keepsLogits?: boolean;
  /** What of its parameters the head reads, W [V', C], b [V'] and those of an adapter, by their names in its programs. */
  readonly params: Readonly<Record<string, HeadParamType>>;
  readonly adapter?: HeadAdapter | undefined;
}

/** How a parameter is kept, and the shape of its rows that a chunk has. */
export interface HeadParamType {
  readonly dtype: WeightDType;
  readonly shape: readonly number[];
}

/** The names of W and b in the programs of a head; the other parameters are an adapter's. */
export const WEIGHT = "weight";
export const BIAS = "bias";

const LOWEST = -1e30;

/** What the head computes beside the loss and the cotangent of its input: the gradients of what is trained. */
export type HeadTraining = Readonly<Record<string, ParamTraining>>;

/** One program for a vocabulary of one chunk; without `training` the loss alone. */
export function buildWholeHead(shape: HeadShape, training: HeadTraining | undefined): Program {
  const { chunk, weights } = headInputs(shape);
  const start = scalarLike(chunk.hidden, 0);
  const column = fill(start, 0, [shape.tokens, 1]);
  const lowest = fill(start, LOWEST, [shape.tokens, 1]);
  const statistics = chunkStatistics(chunk, { peak: lowest, sum: column, target: column });
  const loss = lossOf(statistics, weights);
  if (!training) return compile({ loss, correct: correctOf(statistics, weights) });
  const gradients = chunkGradients(chunk, statistics, weights);
  const whole = accumulateAll(training, gradients, ({ accumulator: own }) => own);
  return compile({ loss, dHidden: gradients.dHidden, ...whole });
}

export function buildStatistics(shape: HeadShape): Program {
  const { chunk } = headInputs(shape);
  const logits = logitsOf(chunk); // [N, V']
  const { peak, sum, target } = chunkStatistics({ ...chunk, logits }, statisticsInputs(shape));
  const kept = shape.keepsLogits === true && { logits };
  return compile({ "peak'": peak, "sum'": sum, "target'": target, ...kept });
}

export function buildLoss(shape: HeadShape): Program {
  const { weights } = headInputs(shape);
  const statistics = statisticsInputs(shape);
  return compile({ loss: lossOf(statistics, weights), correct: correctOf(statistics, weights) });
}

export function buildLikelihood(shape: HeadShape): Program {
  return compile({ logProbability: logProbabilities(statisticsInputs(shape)) });
}

export function buildGradients(shape: HeadShape, training: HeadTraining): Program {
  const { chunk, weights } = headInputs(shape);
  const { tokens, rows: count, keepsLogits } = shape;
  const kept = keepsLogits === true && { logits: input("logits", "float32", [tokens, count]) };
  const gradients = chunkGradients({ ...chunk, ...kept }, statisticsInputs(shape), weights);
  const before = input("dHidden", "float32", [shape.tokens, shape.width]);
  // The accumulator of the chunk's rows with their gradient in it.
  const rows = accumulateAll(training, gradients, (own, param) =>
    own.accumulatorOfRows(typeOf(shape, param).shape),
  );
  return compile({ "dHidden'": add(before, gradients.dHidden), ...rows });
}

function headInputs(shape: HeadShape): {
  readonly chunk: VocabularyChunk;
  readonly weights: Value;
} {
  const { tokens, width, softcap, smoothing, choices, params, adapter } = shape;
  const param = (name: string) => {
    const { dtype, shape: rows } = typeOf(shape, name);
    return cast(input(name, dtype, rows), "float32");
  };
  return {
    chunk: {
      hidden: input("hidden", "float32", [tokens, width]),
      weight: param(WEIGHT),
      bias: params[BIAS] && param(BIAS),
      adapter: adapter && {
        params: mapTensors(adapter.params, (_, name) => param(name)),
        adapt: adapter.adapt,
      },
      softcap,
      smoothing,
      targets: input("targets", "int32", [tokens, choices ?? 1]),
      shares: choices === undefined ? undefined : input("shares", "float32", [tokens, choices]),
    },
    weights: input("weights", "float32", [tokens, 1]),
  };
}

function typeOf({ params }: HeadShape, name: string): HeadParamType {
  const type = params[name];
  if (type) return type;
  throw new Error(`internal: the head has no ${name}`);
}

const statisticsInputs = ({ tokens }: HeadShape): LogitStatistics => ({
  peak: input("peak", "float32", [tokens, 1]),
  sum: input("sum", "float32", [tokens, 1]),
  target: input("target", "float32", [tokens, 1]),
});

/** Every trained parameter's accumulator, of its whole or of some rows, with the gradient in it. */
function accumulateAll(
  training: HeadTraining,
  { dWeight, dBias, dAdapter }: ChunkGradients,
  accumulatorOf: (training: ParamTraining, param: string) => Accumulator,
): Tensors {
  const gradients: Tensors = { [WEIGHT]: dWeight, [BIAS]: dBias, ...dAdapter };
  const accumulated = Object.entries(gradients).flatMap(([param, gradient]) => {
    const own = training[param];
    if (!own) return [];
    const { gradientProjection } = own;
    return Object.entries(
      accumulateInto(param, gradientProjection, accumulatorOf(own, param), gradient),
    );
  });
  return Object.fromEntries(accumulated);
}
