/**
 * @file The weights of programs that read whole models, and the program of an encoder with what each stage of the decoder attends to in
 * its output:
 *
 *   m = encoder(ids),   encoded k_l, encoded v_l = stage_l(m)
 *
 * B batch, S source, W keys of all heads.
 */

import { GraphError } from "../../errors.ts";
import { mapTensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import type { Model } from "../../models/model.ts";
import { forwardAll } from "../../models/stage.ts";
import { weightAtUse } from "../../nn/weights-at-rest.ts";
import { compile, type Program } from "../../onnx/model.ts";
import type { DType } from "../../tensor/dtype.ts";

/** How weights are kept, by name. */
export type KeptWeights = ReadonlyMap<string, { readonly dtype: DType }>;

/** What is kept of the tokens read, and W of each. */
export const cacheWidths = ({ stages }: Model): ReadonlyMap<string, number> =>
  new Map(
    stages.flatMap(({ decoding }, i) => {
      const width = decoding?.cacheWidth;
      return width === undefined ? [] : partsOf(i).map((name) => [name, width] as const);
    }),
  );

/** The names of what is kept of a stage. */
export const partsOf = (stage: number): readonly [keys: string, values: string] => [
  `${stage}.keys`,
  `${stage}.values`,
];

/**
 * The encoder, and what the decoder attends to in its output. Weights are inputs under their names in the checkpoint.
 *
 * Inputs: those of the model for the encoder, `ids` and `attentionMask` [B, S] (int32). Outputs: `encoder.*` [B, S, W].
 */
export function encodeProgram(
  model: Model,
  size: { readonly batch: number; readonly length: number },
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

/** The parameters of a model in float32, of the inputs as which they rest. */
export const weightsOf =
  (model: Model, kept: KeptWeights) =>
  (name: string): Value =>
    weightValue(model, kept, { name, as: name });

/** One of them, `as` the input of another name. */
export function weightValue(
  { type, params }: Model,
  kept: KeptWeights,
  { name, as }: { readonly name: string; readonly as: string },
): Value {
  const spec = params.get(name);
  const dtype = kept.get(name)?.dtype ?? "float32";
  if (spec) return weightAtUse(as, spec.shape, dtype);
  throw new GraphError(`${type}: no parameter "${name}"`);
}
