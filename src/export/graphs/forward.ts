/** @file Stages one after another, and what the head makes of the last one's output. */

import { mapTensors } from "../../graph/tensors.ts";
import type { Value } from "../../graph/value.ts";
import { headOf, type Model, type Stage, type StageContext } from "../../models/model.ts";
import { logitsOf } from "../../nn/loss.ts";

/** The output of the last of these stages; the first reads x. */
export const forward = (
  stages: readonly Stage[],
  weight: (name: string) => Value,
  x: Value,
  context: StageContext,
): Value =>
  stages.reduce((y, stage) => stage.forward(y, mapTensors(stage.params, weight), context), x);

/** Logits [B, T, V] of hidden states [B, T, C]. */
export function headLogits(model: Model, weight: (name: string) => Value, hidden: Value): Value {
  const { weight: matrix, bias, softcap } = headOf(model);
  return logitsOf({
    hidden,
    weight: weight(matrix),
    bias: bias === undefined ? undefined : weight(bias),
    softcap,
  });
}
