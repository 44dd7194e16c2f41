/**
 * @file Layer normalisation, ONNX `LayerNormalization`: Ba, Kiros & Hinton, 2016, arXiv:1607.06450.
 *
 *   x̂ = (x - mean) / sqrt(var + eps)          over the last axis, C elements
 *   y = x̂ weight + bias
 *   dx = (dx̂ - mean(dx̂) - x̂ mean(dx̂ x̂)) / sqrt(var + eps),   dx̂ = dy weight
 *   dweight = sum(dy x̂),  dbias = sum(dy)     over all other axes
 */

import { ShapeError } from "../errors.ts";
import { defineMultiOp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { dimAt } from "../tensor/shape.ts";
import { mul, sub } from "./elementwise.ts";
import { reduceMean } from "./reduce.ts";

const LayerNormalization = defineMultiOp<
  readonly [x: Value, weight: Value, bias: Value],
  { readonly eps: number }
>({
  type: "LayerNormalization",

  infer([x, weight, bias]) {
    const width = dimAt("layerNorm", x.shape, -1);
    if (weight.shape[0] !== width || bias.shape[0] !== width || weight.shape.length !== 1) {
      throw new ShapeError("layerNorm: weight and bias must have the width of x", {
        x: x.shape,
        weight: weight.shape,
        bias: bias.shape,
      });
    }
    const statistic = { dtype: x.dtype, shape: x.shape.with(-1, 1) };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },

  vjp([dy], [x, weight], [, mean, inverseDeviation]) {
    if (!dy || !mean || !inverseDeviation) return [undefined, undefined, undefined];
    const normalized = mul(sub(x, mean), inverseDeviation);
    const dn = mul(dy, weight);
    const along = { axes: [-1], keepDims: true };
    const centred = sub(dn, reduceMean(dn, along));
    const dx = sub(centred, mul(normalized, reduceMean(mul(dn, normalized), along)));
    return [mul(dx, inverseDeviation), mul(dy, normalized), dy];
  },

  onnx: ({ eps }) => ({
    attributes: { axis: { kind: "int", value: -1 }, epsilon: { kind: "float", value: eps } },
  }),
});

/**
 * Layer normalisation over the last axis.
 *
 * @param x - [..., C]
 * @param weight - [C]
 * @param bias - [C]
 * @returns [..., C]
 */
export function layerNorm(x: Value, weight: Value, bias: Value, eps: number): Value {
  const [y] = LayerNormalization([x, weight, bias], { eps });
  if (y) return y;
  throw new Error("internal: layer normalisation without an output");
}
