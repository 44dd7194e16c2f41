/** @file What the head makes of hidden states. */

import { mapTensors } from "../graph/tensors.ts";
import type { Value } from "../graph/value.ts";
import { logitsOf } from "../nn/loss.ts";
import { headOf, type Model } from "./model.ts";

/** Logits [..., V] of hidden states [..., C], with what an adapter adds. */
export function headLogits(model: Model, weight: (name: string) => Value, hidden: Value): Value {
  const { weight: matrix, bias, softcap, adapter } = headOf(model);
  return logitsOf({
    hidden,
    weight: weight(matrix),
    bias: bias === undefined ? undefined : weight(bias),
    softcap,
    adapter: adapter && {
      params: mapTensors(adapter.params, weight),
      adapt: adapter.adapt,
    },
  });
}
