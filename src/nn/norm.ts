/** @file Normalisation layers with their parameters. */

import type { Value } from "../graph/value.ts";
import { shift } from "../ops/elementwise.ts";
import * as ops from "../ops/normalize.ts";
import type { ParamsOf, ParamSpec } from "./params.ts";

/** The parameters of a layer norm, [width] each. */
export type LayerNormSpec = { readonly weight: ParamSpec; readonly bias: ParamSpec };

/** The specification of a layer norm over an axis of this size. */
export const layerNormSpec = (width: number): LayerNormSpec => ({
  weight: { shape: [width], role: "norm", init: { kind: "constant", value: 1 } },
  bias: { shape: [width], role: "norm", init: { kind: "constant", value: 0 } },
});

/** Layer normalisation over the last axis, [..., C] to [..., C]. */
export const layerNorm = (x: Value, p: ParamsOf<LayerNormSpec>, eps: number): Value =>
  ops.layerNorm(x, p.weight, p.bias, eps);

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
