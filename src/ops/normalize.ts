/**
 * @file Normalisation over the last axis, C elements.
 *
 * Layer normalisation, ONNX `LayerNormalization`: Ba, Kiros & Hinton, 2016, arXiv:1607.06450.
 *
 *   x̂ = (x - mean) / sqrt(var + eps)
 *   y = x̂ weight + bias
 *   dx = (dx̂ - mean(dx̂) - x̂ mean(dx̂ x̂)) / sqrt(var + eps),   dx̂ = dy weight
 *   dweight = sum(dy x̂),  dbias = sum(dy)     over all other axes
 *
 * Root mean square normalisation: Zhang & Sennrich, 2019, arXiv:1910.07467. In plain operators,
 * since ONNX has `RMSNormalization` only from opset 23 on.
 *
 *   x̂ = x / sqrt(mean(x²) + eps)
 *   y = x̂ weight
 *   dx = (dx̂ - x̂ mean(dx̂ x̂)) / sqrt(mean(x²) + eps),   dx̂ = dy weight
 *   dweight = sum(dy x̂)
 */

import { ShapeError } from "../errors.ts";
import { customVjp, defineMultiOp } from "../graph/op.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import { dimAt } from "../tensor/shape.ts";
import { div, mul, scale, shift, sqrt, sub } from "./elementwise.ts";
import { reduceMean, sumSquares } from "./reduce.ts";

const rowwise = { axes: [-1], keepDims: true } as const;

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
    const centred = sub(dn, reduceMean(dn, rowwise));
    const dx = sub(centred, mul(normalized, reduceMean(mul(dn, normalized), rowwise)));
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

/** 1 / sqrt(mean(x²) + eps), [..., 1]. */
function inverseRootMeanSquare(x: Value, eps: number): Value {
  const width = Number(dimAt("rmsNorm", x.shape, -1));
  const meanSquare = scale(sumSquares(x, rowwise), 1 / width);
  return div(scalarLike(x, 1), sqrt(shift(meanSquare, eps)));
}

const rootMeanSquareNormalization = (eps: number) =>
  customVjp<readonly [x: Value, weight: Value]>("rmsNorm", {
    body: ([x, weight]) => mul(mul(x, inverseRootMeanSquare(x, eps)), weight),
    vjp(dy, [x, weight]) {
      const inverse = inverseRootMeanSquare(x, eps);
      const normalized = mul(x, inverse);
      const dn = mul(dy, weight);
      const centred = sub(dn, mul(normalized, reduceMean(mul(dn, normalized), rowwise)));
      return [mul(centred, inverse), mul(dy, normalized)];
    },
  });

/**
 * Root mean square normalisation over the last axis.
 *
 * @param x - [..., C]
 * @param weight - [C]
 * @returns [..., C]
 * @throws {ShapeError} if the weight has not the width of x.
 */
export function rmsNorm(x: Value, weight: Value, eps: number): Value {
  if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1)) {
    throw new ShapeError("rmsNorm: the weight must have the width of x", {
      x: x.shape,
      weight: weight.shape,
    });
  }
  return rootMeanSquareNormalization(eps)([x, weight]);
}
