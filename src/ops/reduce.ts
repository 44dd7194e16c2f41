/** @file Reductions over axes. Their adjoints are broadcasts, written as multiplication by what the reduction weighed. */

import { defineOp } from "../graph/op.ts";
import type { Value, ValueType } from "../graph/value.ts";
import { int64 } from "../tensor/host-tensor.ts";
import { dimAt, elementCount, normalizeAxis, type Shape, staticShape } from "../tensor/shape.ts";
import { cast, equal, mul, scale } from "./elementwise.ts";
import { expand, reshape } from "./movement.ts";

interface ReduceAttrs {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Over which axes a reduction goes. */
export interface ReduceOptions {
  /** Axes to reduce, from the end if negative; all by default. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1; false by default. */
  readonly keepDims?: boolean;
}

type Unary = readonly [x: Value];

const kept = (shape: Shape, { axes }: ReduceAttrs): Shape =>
  shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));

const infer = ([x]: Unary, attrs: ReduceAttrs): ValueType => ({
  dtype: x.dtype,
  shape: attrs.keepDims
    ? kept(x.shape, attrs)
    : x.shape.filter((_, axis) => !attrs.axes.includes(axis)),
});

const onnx = ({ axes, keepDims }: ReduceAttrs) =>
  ({
    attributes: { keepdims: { kind: "int", value: Number(keepDims) } },
    operands: [int64(axes)],
  }) as const;

const ReduceSum = defineOp<Unary, ReduceAttrs>({
  type: "ReduceSum",
  infer,
  onnx,
  vjp: (dy, [x], _, attrs) => [
    expand(reshape(dy, kept(x.shape, attrs)), staticShape("reduceSum", x.shape)),
  ],
});

const ReduceMax = defineOp<Unary, ReduceAttrs>({
  type: "ReduceMax",
  infer,
  onnx,
  // Every element that equals the maximum receives the whole cotangent.
  vjp(dy, [x], y, attrs) {
    const column = kept(x.shape, attrs);
    return [mul(reshape(dy, column), cast(equal(x, reshape(y, column)), x.dtype))];
  },
});

const ReduceSumSquare = defineOp<Unary, ReduceAttrs>({
  type: "ReduceSumSquare",
  infer,
  onnx,
  vjp: (dy, [x], _, attrs) => [mul(scale(x, 2), reshape(dy, kept(x.shape, attrs)))],
});

function attributes(op: string, x: Value, { axes, keepDims = false }: ReduceOptions): ReduceAttrs {
  const all = axes ?? x.shape.map((_, axis) => axis);
  return { axes: all.map((axis) => normalizeAxis(op, x.shape, axis)), keepDims };
}

/** The sum over axes. */
export const reduceSum = (x: Value, options: ReduceOptions = {}): Value =>
  ReduceSum([x], attributes("reduceSum", x, options));

/** The mean over axes. */
export function reduceMean(x: Value, options: ReduceOptions = {}): Value {
  const attrs = attributes("reduceMean", x, options);
  const sizes = attrs.axes.map((axis) => dimAt("reduceMean", x.shape, axis));
  const count = elementCount(sizes);
  return scale(ReduceSum([x], attrs), 1 / count);
}

/** The maximum over axes. */
export const reduceMax = (x: Value, options: ReduceOptions = {}): Value =>
  ReduceMax([x], attributes("reduceMax", x, options));

/** The sum of squares over axes, without an array of squares. */
export const sumSquares = (x: Value, options: ReduceOptions = {}): Value =>
  ReduceSumSquare([x], attributes("sumSquares", x, options));
