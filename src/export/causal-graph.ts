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

import { mapTensors, type Tensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import type { KeysAndValues, Model } from "../models/model.ts";
import { paddingBias, positionBias } from "../nn/attention-bias.ts";
import { logitsOf } from "../nn/loss.ts";
import { add, shift } from "../ops/elementwise.ts";
import { concat, reshape, transpose } from "../ops/movement.ts";
import { cumulativeSum } from "../ops/scan.ts";
import { BATCH, LENGTH, PAST, TOTAL, tokens, weightsOf } from "./inputs.ts";

/** The outputs by name; weights are inputs under their names in the checkpoint. */
export function causalGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  const ids = tokens("input_ids", [BATCH, LENGTH]);
  const mask = tokens("attention_mask", [BATCH, TOTAL]);
  const positions = tokens("position_ids", [BATCH, LENGTH]);
  const keyPositions = shift(cumulativeSum(mask, 1), -1); // [B, P + T]
  const like = weight(model.head.weight);
  const bias = add(positionBias(like, positions, keyPositions), paddingBias(like, mask)); // [B, 1, T, P + T]

  const outputs: Record<string, Value> = {};
  let block = 0;
  let x = ids;
  for (const { params, decoding } of model.stages) {
    if (!decoding) continue;
    const { cacheWidth: width = 0, cacheHeads: heads = 1 } = decoding;
    const cached = (part: string) => {
      const shape = [BATCH, heads, PAST, width / heads];
      return input(`past_key_values.${block}.${part}`, "float32", shape);
    };
    const [key, value] = [cached("key"), cached("value")];
    const past = { keys: joinHeads(key), values: joinHeads(value), bias };
    const context = { positions, keyPositions, past };
    const { y, attention } = decoding.decode(x, mapTensors(params, weight), context);
    x = y; // [B, T, C]
    if (!attention) continue;
    const present = presentOf({ keys: key, values: value }, attention, heads);
    outputs[`present.${block}.key`] = present.keys;
    outputs[`present.${block}.value`] = present.values;
    block += 1;
  }
  const { head } = model;
  const logits = logitsOf({
    hidden: x,
    weight: weight(head.weight),
    bias: head.bias === undefined ? undefined : weight(head.bias),
    softcap: head.softcap,
  });
  return { logits, ...outputs };
}

/** Past and new keys and values, [B, K, P + T, D]. */
function presentOf(past: KeysAndValues, fresh: KeysAndValues, heads: number): KeysAndValues {
  const join = (before: Value, after: Value) => concat([before, splitHeads(after, heads)], 2);
  return { keys: join(past.keys, fresh.keys), values: join(past.values, fresh.values) };
}

/** [B, K, P, D] to [B, P, K D]. */
function joinHeads(x: Value): Value {
  const [batch = 0, heads, length = 0, width] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, Number(heads) * Number(width)]);
}

/** [B, T, K D] to [B, K, T, D]. */
function splitHeads(x: Value, heads: number): Value {
  const [batch = 0, length = 0, width] = x.shape;
  return transpose(reshape(x, [batch, length, heads, Number(width) / heads]), [0, 2, 1, 3]);
}
