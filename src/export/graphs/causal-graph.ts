/**
 * @file A decoder as one graph of any batch and length, with the inputs and outputs that transformers.js and Optimum have for it.
 *
 *   input_ids, position_ids [B, T], attention_mask [B, P + T]    int64
 *   past_key_values.l.{key,value} [B, K, P, D]                   float32
 *   logits [B, T, V],  present.l.{key,value} [B, K, P + T, D]
 *
 * It is the stages' own `decode`. Sequences may be padded on the left: where a key stands is the number of tokens before it,
 * Σ mask - 1, and a query sees the tokens that do not stand behind it.
 *
 * B batch, T new tokens, P past, K heads of keys, D head width, V vocabulary; l counts the blocks.
 */

import type { Tensors } from "../../graph/tensors.ts";
import { headOf, type Model } from "../../models/model.ts";
import { paddingBias, positionBias } from "../../nn/attention/attention-bias.ts";
import { add, shift } from "../../ops/elementwise.ts";
import { cumulativeSum } from "../../ops/scan.ts";
import { decoderOutputs } from "./decoder-outputs.ts";
import { BATCH, LENGTH, tokens, TOTAL, weightsOf } from "./inputs.ts";

/** The outputs by name; weights are inputs under their names in the checkpoint. */
export function causalGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  const ids = tokens("input_ids", [BATCH, LENGTH]);
  const mask = tokens("attention_mask", [BATCH, TOTAL]);
  const positions = tokens("position_ids", [BATCH, LENGTH]);
  const keyPositions = shift(cumulativeSum(mask, 1), -1); // [B, P + T]
  const like = weight(headOf(model).weight);
  const bias = add(positionBias(like, positions, keyPositions), paddingBias(like, mask)); // [B, 1, T, P + T]
  return decoderOutputs(model, weight, {
    ids,
    positions,
    keyPositions,
    bias,
    cacheName: (block, part) => `${block}.${part}`,
  });
}
