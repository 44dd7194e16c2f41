/**
 * @file Running the head of a model whose hidden states are compared: B pairs, as 2 B rows of which the first B are the first texts.
 * It has no parameters, and is small enough to be one program (`nn/similarity.ts` has the equations).
 *
 *   gradients   (hidden, weights)   -> loss, dHidden
 *   evaluate    (hidden, weights)   -> loss, correct
 */

import { vjp } from "../autodiff/index.ts";
import type { Batch } from "../data/batches/batches.ts";
import { input, scalarLike } from "../graph/value.ts";
import { pairLoss } from "../nn/similarity.ts";
import { compile, type Program } from "../onnx/model.ts";
import type { Buffer } from "../runtime/runtime.ts";
import { copyFloat32, type Head, numberOf } from "./head.ts";
import type { PipelineParts } from "./parts.ts";

export interface PairShape {
  /** B */
  readonly pairs: number;
  /** C */
  readonly width: number;
}

export function createSimilarityHead({ model, programs, slots }: PipelineParts): Head {
  const { width } = model;

  function prepare({ weights }: Batch, hidden: Buffer) {
    const shape: PairShape = { pairs: weights.length, width };
    const shares = slots.take("token weights", "float32", [shape.pairs]);
    shares.write((elements) => copyFloat32(weights, elements));
    const feeds = { hidden: hidden.view([2 * shape.pairs, width]), weights: shares };
    return { shape, feeds, loss: slots.take("loss", "float32", []) };
  }

  return {
    async backward(batch, hidden) {
      const { shape, feeds, loss } = prepare(batch, hidden);
      const dHidden = slots.take("dHidden", "float32", [2 * shape.pairs, width]);
      const key = `head gradients ${shape.pairs}`;
      const executable = await programs.get(key, () => buildPairGradients(shape));
      await programs.run(executable, feeds, { loss, dHidden });
      return { loss: await numberOf(loss), dHidden };
    },

    async evaluate(batch, hidden) {
      const { shape, feeds, loss } = prepare(batch, hidden);
      const correct = slots.take("correct", "float32", []);
      const key = `head evaluate ${shape.pairs}`;
      const executable = await programs.get(key, () => buildPairEvaluation(shape));
      await programs.run(executable, feeds, { loss, correct });
      return { loss: await numberOf(loss), correct: await numberOf(correct) };
    },
  };
}

export function buildPairGradients(shape: PairShape): Program {
  const { hidden, weights } = inputsOf(shape);
  const { loss } = pairLoss(hidden, weights);
  const [dHidden] = vjp([loss], [scalarLike(loss, 1)], [hidden]);
  return compile({ loss, ...(dHidden && { dHidden }) });
}

function buildPairEvaluation(shape: PairShape): Program {
  const { hidden, weights } = inputsOf(shape);
  return compile({ ...pairLoss(hidden, weights) });
}

const inputsOf = ({ pairs, width }: PairShape) => ({
  hidden: input("hidden", "float32", [2 * pairs, width]),
  weights: input("weights", "float32", [pairs]),
});
