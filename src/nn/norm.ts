/** @file Normalisation layers with their parameters. */

import type { Value } from "../graph/value.ts";
import { layerNorm as normalize } from "../ops/normalize.ts";
import type { ParamsOf, ParamSpec } from "./params.ts";

export type LayerNormSpec = { readonly weight: ParamSpec; readonly bias: ParamSpec };

export const layerNormSpec = (width: number): LayerNormSpec => ({
  weight: { shape: [width], role: "norm", init: { kind: "constant", value: 1 } },
  bias: { shape: [width], role: "norm", init: { kind: "constant", value: 0 } },
});

/** Layer normalisation over the last axis, [..., C] to [..., C]. */
export const layerNorm = (x: Value, p: ParamsOf<LayerNormSpec>, eps: number): Value =>
  normalize(x, p.weight, p.bias, eps);
