/**
 * @file An encoder-decoder model as two graphs of any batch and lengths, with the inputs and outputs that transformers.js has for them.
 *
 *   encoder   input_ids, attention_mask [B, S]                                   -> last_hidden_state [B, S, C]
 *   decoder   input_ids [B, T], encoder_hidden_states [B, S, C],
 *             encoder_attention_mask [B, S],
 *             past_key_values.l.decoder.{key,value} [B, H, P, D]                  -> logits [B, T, V],
 *                                                                                    present.l.decoder.{key,value} [B, H, P + T, D]
 *
 * The decoder reads the output of the encoder anew for every token, instead of keeping keys and values of it: two products of S C W more a block.
 * Answers are not padded, so that P is how many tokens are cached.
 *
 * B batch, S source, T new tokens, P past, C width, H heads, D head width, W = H D, V vocabulary; l counts the blocks.
 */

import { GraphError } from "../../errors.ts";
import type { Tensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import type { Model } from "../../models/model.ts";
import { paddingBias, positionBias } from "../../nn/attention/attention-bias.ts";
import { add, cast, scale, shift } from "../../ops/elementwise.ts";
import { gather } from "../../ops/indexing.ts";
import { concat } from "../../ops/movement.ts";
import { reduceSum } from "../../ops/reduce.ts";
import { cumulativeSum } from "../../ops/scan.ts";
import { scalarLike } from "../../graph/value.ts";
import { decoderOutputs } from "./decoder-outputs.ts";
import { forward } from "./forward.ts";
import { BATCH, LENGTH, PAST, places, SOURCE, tokens, weightsOf } from "./inputs.ts";

export function encoderGraph(model: Model): Tensors {
  const { stages, encoderEnd: end } = model;
  if (end === undefined) throw new GraphError(`${model.type}: has no encoder`);
  const weight = weightsOf(model);
  const ids = tokens("input_ids", [BATCH, SOURCE]);
  const inputs = { attentionMask: tokens("attention_mask", [BATCH, SOURCE]) };
  const context = { inputs, positions: places(ids) };
  return { last_hidden_state: forward(stages.slice(0, end + 1), weight, ids, context) };
}

export function decoderGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  const ids = tokens("input_ids", [BATCH, LENGTH]);
  const states = input("encoder_hidden_states", "float32", [BATCH, SOURCE, model.width]);
  const mask = tokens("encoder_attention_mask", [BATCH, SOURCE]);
  const cached = onesOfPast(model); // [B, P]
  const ones = shift(scale(ids, 0), 1); // [B, T]
  const positions = add(places(ids), reduceSum(cached, { axes: [1], keepDims: true }));
  const keyPositions = shift(cumulativeSum(concat([cached, ones], 1), 1), -1); // [B, P + T]
  return decoderOutputs(model, weight, {
    ids,
    positions,
    keyPositions,
    bias: positionBias(states, positions, keyPositions),
    encoded: { states, bias: paddingBias(states, mask) },
    cacheName: (block, part) => `${block}.decoder.${part}`,
  });
}

/** A one for every cached token, [B, P], int32: the length is known from the cache alone. */
function onesOfPast({ stages }: Model): Value {
  const { cacheWidth: width = 0, cacheHeads: heads = 1 } =
    stages.find(({ decoding }) => decoding?.cacheWidth !== undefined)?.decoding ?? {};
  const keys = input("past_key_values.0.decoder.key", "float32", [
    BATCH,
    heads,
    PAST,
    width / heads,
  ]);
  const first = scalarLike(cast(keys, "int32"), 0);
  const row = gather(gather(keys, first, 3), first, 1); // [B, P]
  return shift(cast(scale(row, 0), "int32"), 1);
}
