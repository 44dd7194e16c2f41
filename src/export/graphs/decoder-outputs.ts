/**
 * @file The stages that decode, with their cache in the layout of other runtimes: [B, K, P, D], a tensor for the keys and one for the
 * values of each block.
 *
 * B batch, T new tokens, P past, K heads of keys, D head width, V vocabulary.
 */

import { mapTensors, type Tensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import type { KeysAndValues, Model } from "../../models/model.ts";
import { concat, reshape, transpose } from "../../ops/movement.ts";
import { headLogits } from "../../models/head.ts";
import { BATCH, PAST } from "./inputs.ts";

export interface DecoderInputs {
  /** [B, T], int32 */
  readonly ids: Value;
  /** [B, T], int32 */
  readonly positions: Value;
  /** [B, P + T], int32 */
  readonly keyPositions: Value;
  /** [B, 1, T, P + T] */
  readonly bias: Value;
  /** The encoder's output [B, S, C], and what hides its padding [B, 1, 1, S]. */
  readonly encoded?: { readonly states: Value; readonly bias: Value };
  /** What follows "past_key_values." and "present." for the keys or values of a block. */
  readonly cacheName: (block: number, part: "key" | "value") => string;
}

/** `logits` [B, T, V] and `present.*` [B, K, P + T, D]. */
export function decoderOutputs(
  model: Model,
  weight: (name: string) => Value,
  { ids, positions, keyPositions, bias, encoded, cacheName }: DecoderInputs,
): Tensors {
  const outputs: Record<string, Value> = {};
  let block = 0;
  let x = ids;
  for (const { params, decoding } of model.stages) {
    if (!decoding) continue;
    const { cacheWidth: width = 0, cacheHeads: heads = 1 } = decoding;
    const weights = mapTensors(params, weight);
    const [key, value] = [cacheName(block, "key"), cacheName(block, "value")];
    const cached = (name: string) =>
      input(`past_key_values.${name}`, "float32", [BATCH, heads, PAST, width / heads]);
    const known = { keys: cached(key), values: cached(value) };
    const read = encoded && decoding.encoded?.(encoded.states, weights);
    const { y, attention } = decoding.decode(x, weights, {
      positions,
      keyPositions,
      past: { keys: joinHeads(known.keys), values: joinHeads(known.values), bias },
      ...(read && { encoded: { ...read, bias: encoded.bias } }),
    });
    x = y; // [B, T, C]
    if (!attention) continue;
    const present = presentOf(known, attention, heads);
    outputs[`present.${key}`] = present.keys;
    outputs[`present.${value}`] = present.values;
    block += 1;
  }
  return { logits: headLogits(model, weight, x), ...outputs };
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
