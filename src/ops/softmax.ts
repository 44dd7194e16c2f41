/**
 * @file Softmax over the last axis.
 *
 *   y = e^x / sum(e^x)
 *   dx = y (dy - sum(dy y))
 *
 * Probabilities below 1e-20 become 0. A matrix product with denormal numbers is 20 to 170 times slower, and logits that differ
 * by 90 make them.
 */

import { DTypeError } from "../errors.ts";
import { customVjp, defineOp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { isFloat } from "../tensor/dtype.ts";
import { mul, sub } from "./elementwise.ts";
import { reduceSum } from "./reduce.ts";

const NEGLIGIBLE = 1e-20;

const Softmax = defineOp<readonly [x: Value]>({
  type: "Softmax",
  infer([x]) {
    if (!isFloat(x.dtype)) throw new DTypeError("softmax: needs floats", { x: x.dtype });
    return { dtype: x.dtype, shape: x.shape };
  },
  onnx: () => ({ attributes: { axis: { kind: "int", value: -1 } } }),
});

/** x where x > alpha, else 0. */
const ThresholdedRelu = defineOp<readonly [x: Value], number>({
  type: "ThresholdedRelu",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  onnx: (alpha) => ({ attributes: { alpha: { kind: "float", value: alpha } } }),
});

const flushedSoftmax = customVjp<readonly [x: Value]>("softmax", {
  body(inputs) {
    const y = Softmax(inputs, undefined);
    return y.dtype === "float32" ? ThresholdedRelu([y], NEGLIGIBLE) : y;
  },
  vjp: (dy, _, y) => [mul(y, sub(dy, reduceSum(mul(dy, y), { axes: [-1], keepDims: true })))],
});

/** Softmax over the last axis, [..., N] to [..., N]. */
export const softmax = (x: Value): Value => flushedSoftmax([x]);
