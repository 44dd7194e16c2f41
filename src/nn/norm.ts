/** @file Normalisation layers with their parameters. */

import { constant, type Value } from "../graph/value.ts";
import { cast, shift } from "../ops/elementwise.ts";
import * as ops from "../ops/normalize.ts";
import { float32 } from "../tensor/host-tensor.ts";
import { staticShape } from "../tensor/shape.ts";
import type { ParamsOf, ParamSpec } from "./params.ts";

/** The parameters of a layer norm, [width] each. */
export type LayerNormSpec = { readonly weight: ParamSpec; readonly bias: ParamSpec };

/** The parameter of a layer norm that shifts nothing, [width]. */
export type UnshiftedNormSpec = Pick<LayerNormSpec, "weight">;

/** The specification of a layer norm over an axis of this size. */
export const layerNormSpec = (width: number): LayerNormSpec => ({
  weight: { shape: [width], role: "norm", init: { kind: "constant", value: 1 } },
  bias: { shape: [width], role: "norm", init: { kind: "constant", value: 0 } },
});

/** Layer normalisation over the last axis, [..., C] to [..., C]; without a bias nothing is added. */
export const layerNorm = (
  x: Value,
  { weight, bias }: ParamsOf<UnshiftedNormSpec> & { readonly bias?: Value },
  eps: number,
): Value => ops.layerNorm(x, weight, bias ?? zeros(weight), eps);

/** As many zeros as there are weights, [C]. */
function zeros({ shape, dtype }: Value): Value {
  const fixed = staticShape("layerNorm", shape);
  const count = fixed.reduce((n, dim) => n * dim, 1);
  return cast(constant(float32(fixed, new Float32Array(count))), dtype);
}

/** The parameter of a root mean square norm, [width]. */
export type RmsNormSpec = { readonly weight: ParamSpec };

/** The specification of a root mean square norm over an axis of this size. */
export const rmsNormSpec = (width: number): RmsNormSpec => ({
  weight: { shape: [width], role: "norm", init: { kind: "constant", value: 1 } },
});

/** Root mean square normalisation over the last axis, [..., C] to [..., C]. */
export const rmsNorm = (x: Value, p: ParamsOf<RmsNormSpec>, eps: number): Value =>
  ops.rmsNorm(x, p.weight, eps);

/** Gemma's: the checkpoint's weight is the deviation from 1. */
export const offsetRmsNormSpec = (width: number): RmsNormSpec => ({
  weight: { shape: [width], role: "norm", init: { kind: "constant", value: 0 } },
});

/** `rmsNorm` with the weight 1 + w. */
export const offsetRmsNorm = (x: Value, p: ParamsOf<RmsNormSpec>, eps: number): Value =>
  ops.rmsNorm(x, shift(p.weight, 1), eps);
