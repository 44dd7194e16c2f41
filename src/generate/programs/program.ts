/**
 * @file The programs that decode: all stages of a decoder in a row for T new tokens after P known ones, and the logits of the last.
 *
 *   x, k_l, v_l = stage_l(x, past k_l, past v_l [, encoded k_l, encoded v_l])
 *   logits = x[:, T - 1] headᵀ
 *
 * and, in an encoder-decoder model, the encoder with what each stage of the decoder attends to in its output:
 *
 *   m = encoder(ids),   encoded k_l, encoded v_l = stage_l(m)
 *
 * B batch, T new tokens, P past, S source, C width, W keys of all heads, V vocabulary. Weights are inputs under their names in the
 * checkpoint.
 */

import { GraphError } from "../../errors.ts";
import { mapTensors, type Tensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import {
  headOf,
  type KeysAndValues,
  ENCODER_OUTPUT,
  type Model,
  type StageDecoding,
} from "../../models/model.ts";
import { forwardAll } from "../../models/stage.ts";
import { logitsOf } from "../../nn/loss.ts";
import { weightAtUse } from "../../nn/weights-at-rest.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { reshape, slice } from "../../ops/movement.ts";
import type { DType } from "../../tensor/dtype.ts";

export interface DecodeSizes {
  /** B */
  readonly batch: number;
  /** T */
  readonly length: number;
  /** P */
  readonly past: number;
  /** S, of encoder-decoder models. */
  readonly source?: number;
}

/** How weights are kept, by name. */
export type KeptWeights = ReadonlyMap<string, { readonly dtype: DType }>;

/** What is kept of the tokens read, and W of each; `past.` before the names as inputs and `new.` as outputs. */
export const cacheWidths = ({ stages }: Model): ReadonlyMap<string, number> =>
  new Map(
    stages.flatMap(({ decoding }, i) => {
      const width = decoding?.cacheWidth;
      return width === undefined ? [] : partsOf(i).map((name) => [name, width] as const);
    }),
  );

/**
 * The decoding program of a model.
 *
 * Inputs: `ids` and `positions` [B, T], `keyPositions` [B, P + T] (all int32), `past.bias` [B, 1, T, P + T], `past.*` [B, P, W]; with
 * an encoder `encoder.bias` [B, 1, 1, S] and `encoder.*` [B, S, W]. Outputs: `logits` [B, V], `new.*` [B, T, W].
 */
export function decodeProgram(model: Model, sizes: DecodeSizes, kept: KeptWeights): Program {
  const { batch, length, past, source = 0 } = sizes;
  const head = headOf(model);
  const weight = weightsOf(model, kept);
  const widths = cacheWidths(model);
  const known = (name: string) =>
    input(`past.${name}`, "float32", [batch, past, widths.get(name) ?? 0]);
  const positions = input("positions", "int32", [batch, length]);
  const keyPositions = input("keyPositions", "int32", [batch, past + length]);
  const bias = input("past.bias", "float32", [batch, 1, length, past + length]);
  const encoderBias = input("encoder.bias", "float32", [batch, 1, 1, source]);

  let x = input("ids", "int32", [batch, length]);
  const outputs: Record<string, Value> = {};
  for (const [i, { params, decoding }] of model.stages.entries()) {
    if (!decoding) continue;
    const [keys, values] = partsOf(i);
    const weights = mapTensors(params, weight);
    const read = encoderParts(model, decoding, weights, { batch, length: source });
    const { y, attention } = decoding.decode(x, weights, {
      positions,
      keyPositions,
      past: { keys: known(keys), values: known(values), bias },
      ...(read && {
        encoded: {
          keys: input(`encoder.${keys}`, "float32", read.keys.shape),
          values: input(`encoder.${values}`, "float32", read.values.shape),
          bias: encoderBias,
        },
      }),
    });
    x = y; // [B, T, C]
    if (attention) {
      outputs[`new.${keys}`] = attention.keys;
      outputs[`new.${values}`] = attention.values;
    }
  }
  const last = slice(x, { axis: 1, start: length - 1, end: length }); // [B, 1, C]
  const logits = logitsOf({
    hidden: reshape(last, [batch, model.width]),
    weight: weight(head.weight),
    bias: head.bias === undefined ? undefined : weight(head.bias),
    softcap: head.softcap,
  });
  return compile({ logits, ...outputs });
}

/**
 * The encoder, and what the decoder attends to in its output.
 *
 * Inputs: those of the model for the encoder, `ids` and `attentionMask` [B, S] (int32). Outputs: `encoder.*` [B, S, W].
 */
export function encodeProgram(
  model: Model,
  size: Pick<DecodeSizes, "batch" | "length">,
  kept: KeptWeights,
): Program {
  const { encoderEnd: end } = model;
  if (end === undefined) throw new GraphError(`${model.type}: has no encoder`);
  const weight = weightsOf(model, kept);
  const inputs = mapTensors(model.inputTypes(size.batch, size.length), ({ dtype, shape }, name) =>
    input(name, dtype, shape),
  );
  const encoded = forwardAll(model.stages.slice(0, end + 1), inputs, weight); // [B, S, C]
  const outputs = model.stages.flatMap(({ params, decoding }, i) => {
    const read = decoding?.encoded?.(encoded, mapTensors(params, weight));
    const [keys, values] = partsOf(i);
    return read
      ? [[`encoder.${keys}`, read.keys] as const, [`encoder.${values}`, read.values] as const]
      : [];
  });
  return compile(Object.fromEntries(outputs));
}

const partsOf = (stage: number) => [`${stage}.keys`, `${stage}.values`] as const;

/** What a stage reads of an encoder, for its shapes. */
const encoderParts = (
  { width }: Model,
  { encoded }: StageDecoding,
  params: Tensors,
  { batch, length }: Pick<DecodeSizes, "batch" | "length">,
): KeysAndValues | undefined =>
  encoded?.(input(ENCODER_OUTPUT, "float32", [batch, length, width]), params);

/** The parameters of a model in float32, of the inputs as which they rest. */
export const weightsOf =
  ({ type, params }: Model, kept: KeptWeights) =>
  (name: string): Value => {
    const spec = params.get(name);
    const dtype = kept.get(name)?.dtype ?? "float32";
    if (spec) return weightAtUse(name, spec.shape, dtype);
    throw new GraphError(`${type}: no parameter "${name}"`);
  };
