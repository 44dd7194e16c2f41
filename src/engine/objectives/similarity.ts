/**
 * @file The objective of a model whose hidden states are compared: B pairs, as 2 B rows of which the first B are the first texts.
 * It has no parameters, and is small enough to be one program (`nn/similarity.ts` has the equations).
 *
 *   gradients   (hidden, weights)   -> loss, dHidden
 *   evaluate    (hidden, weights)   -> loss, correct
 */

import { vjp } from "../../autodiff/index.ts";
import { input, scalarLike } from "../../graph/value.ts";
import type { Batch } from "../../models/batch.ts";
import { pairLoss } from "../../nn/similarity.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { numberOf, setElements } from "../../runtime/buffers.ts";
import type { Buffer } from "../../runtime/runtime.ts";
import type { EngineParts } from "../parts/parts.ts";
import type { Head, Objective } from "./objective.ts";

/** Of every text the one among those of the batch that means the same. */
export const similarity: Objective = {
  name: "similarity",
  open: createHead,
};

export interface PairShape {
  /** B */
  readonly pairs: number;
  /** C */
  readonly width: number;
}

function createHead({ model, programs, slots }: EngineParts): Head {
  const { width } = model;

  function prepare({ weights }: Batch, hidden: Buffer) {
    const shape: PairShape = { pairs: weights.length, width };
    const shares = slots.take("token weights", "float32", [shape.pairs]);
    setElements(shares, weights);
    return { shape, feeds: { hidden: hidden.view([2 * shape.pairs, width]), weights: shares } };
  }

  return {
    async backward(batch, hidden, { loss }) {
      const { shape, feeds } = prepare(batch, hidden);
      const dHidden = slots.take("dHidden", "float32", [2 * shape.pairs, width]);
      const key = `pair gradients ${shape.pairs}`;
      const executable = await programs.get(key, () => buildPairGradients(shape));
      await programs.run(executable, feeds, { loss, dHidden });
      return dHidden;
    },

    async evaluate(batch, hidden) {
      const { shape, feeds } = prepare(batch, hidden);
      const loss = slots.take("held-out loss", "float32", []);
      const correct = slots.take("correct", "float32", []);
      const key = `pair evaluation ${shape.pairs}`;
      const executable = await programs.get(key, () => buildPairEvaluation(shape));
      await programs.run(executable, feeds, { loss, correct });
      return {
        loss: await numberOf(loss),
        correct: await numberOf(correct),
        tokens: batch.lossTokens,
      };
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
