/**
 * @file The program that decodes: all stages in a row for T new tokens after P known ones, and the
 * logits of the last.
 *
 *   x, k_l, v_l = stage_l(x, past k_l, past v_l)
 *   logits = x[:, T - 1] headᵀ
 *
 * B batch, T new tokens, P past, C width, V vocabulary. Weights are inputs under their names in the
 * checkpoint.
 */

import { GraphError } from "../errors.ts";
import { mapTensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { compile, type Program } from "../onnx/model.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose, reshape, slice } from "../ops/movement.ts";

export interface DecodeSizes {
  /** B */
  readonly batch: number;
  /** T */
  readonly length: number;
  /** P */
  readonly past: number;
}

/** The names of the keys and values, `past.` before them as inputs and `new.` as outputs. */
export const cacheNames = ({ stages }: Model): readonly string[] =>
  stages.flatMap(({ attends }, i) => (attends ? [`${i}.keys`, `${i}.values`] : []));

/**
 * The decoding program of a model.
 *
 * Inputs: `ids` and `positions` [B, T] (int32), `past.bias` [B, 1, T, P + T], `past.*` [B, P, C].
 * Outputs: `logits` [B, V], `new.*` [B, T, C].
 */
export function decodeProgram(model: Model, { batch, length, past }: DecodeSizes): Program {
  const weight = (name: string): Value => input(name, "float32", shapeOf(model, name));
  const known = (name: string) => input(`past.${name}`, "float32", [batch, past, model.width]);
  const positions = input("positions", "int32", [batch, length]);
  const bias = input("past.bias", "float32", [batch, 1, length, past + length]);

  let x = input("ids", "int32", [batch, length]);
  const outputs: Record<string, Value> = {};
  for (const [i, stage] of model.stages.entries()) {
    const { y, attention } = stage.decode(x, mapTensors(stage.params, weight), {
      positions,
      past: { keys: known(`${i}.keys`), values: known(`${i}.values`), bias },
    });
    x = y; // [B, T, C]
    if (attention) {
      outputs[`new.${i}.keys`] = attention.keys;
      outputs[`new.${i}.values`] = attention.values;
    }
  }
  const last = slice(x, { axis: 1, start: length - 1, end: length }); // [B, 1, C]
  const hidden = reshape(last, [batch, model.width]);
  return compile({ logits: matmul(hidden, matrixTranspose(weight(model.head))), ...outputs });
}

function shapeOf(model: Model, name: string): readonly number[] {
  const spec = model.params.get(name);
  if (spec) return spec.shape;
  throw new GraphError(`decoder: the model has no parameter "${name}"`);
}
