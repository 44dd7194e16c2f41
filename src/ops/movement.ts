/** @file Operators that move elements and compute nothing. An operator and its adjoint stand together. */

import { DTypeError, ShapeError } from "../errors.ts";
import { defineMultiOp, defineOp } from "../graph/op.ts";
import { producer, scalarLike, type Value, type ValueType } from "../graph/value.ts";
import { int64, scalarTensor } from "../tensor/host-tensor.ts";
import {
  broadcastShapes,
  type Dim,
  dimAt,
  elementCount,
  matrixDims,
  normalizeAxis,
  sameShape,
  type Shape,
  staticShape,
} from "../tensor/shape.ts";

type Unary = readonly [x: Value];

/** Sizes multiply, names must be the same on both sides. */
function sameCount(a: Shape, b: Shape): boolean {
  const count = (shape: Shape) =>
    shape.reduce<number>((n, dim) => (typeof dim === "number" ? n * dim : n), 1);
  const names = (shape: Shape) => shape.filter((dim) => typeof dim === "string").join();
  return count(a) === count(b) && names(a) === names(b);
}

const Reshape = defineOp<Unary, Shape>({
  type: "Reshape",
  infer([x], shape) {
    if (!sameCount(x.shape, shape)) {
      throw new ShapeError("reshape: element counts differ", { x: x.shape, to: shape });
    }
    return { dtype: x.dtype, shape };
  },
  vjp: (dy, [x]) => [reshape(dy, x.shape)],
  // In ONNX 0 keeps the dimension at that place and -1 is what remains.
  onnx(shape, [x]) {
    const sizes = shape.map((dim, axis) =>
      typeof dim === "number" ? dim : dim === x.shape[axis] ? 0 : -1,
    );
    if (sizes.filter((size) => size === -1).length > 1) {
      throw new ShapeError("reshape: moves two named axes", { x: x.shape, to: shape });
    }
    return { operands: [int64(sizes)] };
  },
});

const Unsqueeze = defineOp<Unary, number>({
  type: "Unsqueeze",
  infer: ([x], axis) => ({ dtype: x.dtype, shape: x.shape.toSpliced(axis, 0, 1) }),
  vjp: (dy, [x]) => [reshape(dy, x.shape)],
  onnx: (axis) => ({ operands: [int64([axis])] }),
});

const Transpose = defineOp<Unary, readonly number[]>({
  type: "Transpose",
  infer([x], permutation) {
    if ([...permutation].toSorted((a, b) => a - b).some((axis, i) => axis !== i)) {
      throw new ShapeError(`transpose: [${permutation.join(", ")}] is no permutation`, {
        x: x.shape,
      });
    }
    if (permutation.length !== x.shape.length) {
      throw new ShapeError(`transpose: ${permutation.length} axes`, { x: x.shape });
    }
    return { dtype: x.dtype, shape: permutation.map((axis) => dimAt("transpose", x.shape, axis)) };
  },
  vjp: (dy, _, __, permutation) => [
    transpose(
      dy,
      permutation.map((_axis, i) => permutation.indexOf(i)),
    ),
  ],
  onnx: (permutation) => ({ attributes: { perm: { kind: "ints", value: permutation } } }),
});

/** The adjoint of `expand` is the sum over what it repeated: `grad` does that for every broadcast operand. */
const Expand = defineOp<Unary, readonly number[]>({
  type: "Expand",
  infer([x], shape) {
    if (!sameShape(broadcastShapes("expand", x.shape, shape), shape)) {
      throw new ShapeError("expand: does not broadcast to the shape", { x: x.shape, to: shape });
    }
    return { dtype: x.dtype, shape };
  },
  vjp: (dy) => [dy],
  onnx: (shape) => ({ operands: [int64(shape)] }),
});

/** Elements `start` to `end` (exclusive) along an axis. */
export interface SliceAttrs {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

const Slice = defineOp<Unary, SliceAttrs>({
  type: "Slice",
  infer([x], { axis, start, end }) {
    const size = dimAt("slice", x.shape, axis);
    if (start < 0 || end < start || (typeof size === "number" && end > size)) {
      throw new ShapeError(`slice: no range ${start} to ${end} on axis ${axis}`, { x: x.shape });
    }
    return { dtype: x.dtype, shape: x.shape.with(axis, end - start) };
  },
  vjp(dy, [x], _, { axis, start, end }) {
    const size = staticShape("slice", x.shape)[axis] ?? 0;
    return [pad(dy, { axis, before: start, after: size - end })];
  },
  onnx: ({ axis, start, end }) => ({ operands: [int64([start]), int64([end]), int64([axis])] }),
});

/** How many zeros stand before and after the elements of an axis. */
export interface PadAttrs {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

const Pad = defineOp<Unary, PadAttrs>({
  type: "Pad",
  infer([x], { axis, before, after }) {
    const size = dimAt("pad", x.shape, axis);
    if (typeof size !== "number") throw new ShapeError("pad: needs a size", { x: x.shape });
    return { dtype: x.dtype, shape: x.shape.with(axis, before + size + after) };
  },
  vjp(dy, [x], _, { axis, before }) {
    const size = staticShape("pad", x.shape)[axis] ?? 0;
    return [slice(dy, { axis, start: before, end: before + size })];
  },
  onnx: ({ axis, before, after }, [x]) => {
    const at = (amount: number) => x.shape.map((_, i) => (i === axis ? amount : 0));
    return { operands: [int64([...at(before), ...at(after)]), scalarTensor(x.dtype, 0)] };
  },
});

/** The size of two dimensions together; of named ones "a+b". */
function sumOf(a: Dim, b: Dim): Dim {
  if (a === 0) return b;
  return typeof a === "number" && typeof b === "number" ? a + b : `${a}+${b}`;
}

const Concat = defineOp<readonly Value[], number>({
  type: "Concat",
  infer(inputs, axis): ValueType {
    const [first] = inputs;
    if (!first) throw new ShapeError("concat: nothing to join");
    let size: Dim = 0;
    for (const { dtype, shape } of inputs) {
      const along = dimAt("concat", shape, axis);
      if (!sameShape(shape.with(axis, 0), first.shape.with(axis, 0))) {
        throw new ShapeError("concat: other axes differ", { a: first.shape, b: shape });
      }
      if (dtype !== first.dtype) {
        throw new DTypeError("concat: element types differ", { a: first.dtype, b: dtype });
      }
      size = sumOf(size, along);
    }
    return { dtype: first.dtype, shape: first.shape.with(axis, size) };
  },
  vjp(dy, inputs, _, axis) {
    let end = 0;
    return inputs.map(({ shape }) => {
      const start = end;
      end += staticShape("concat", shape)[axis] ?? 0;
      return slice(dy, { axis, start, end });
    });
  },
  onnx: (axis) => ({ attributes: { axis: { kind: "int", value: axis } } }),
});

interface SplitAttrs {
  readonly parts: number;
  readonly axis: number;
}

const Split = defineMultiOp<Unary, SplitAttrs>({
  type: "Split",
  infer([x], { parts, axis }) {
    const size = dimAt("split", x.shape, axis);
    if (typeof size !== "number" || size % parts !== 0) {
      throw new ShapeError(`split: axis ${axis} is not divisible by ${parts}`, { x: x.shape });
    }
    const shape = x.shape.with(axis, size / parts);
    return Array.from({ length: parts }, () => ({ dtype: x.dtype, shape }));
  },
  vjp(dys, _, outputs, { axis }) {
    const parts = outputs.map(
      (y, i) => dys[i] ?? expand(scalarLike(y, 0), staticShape("split", y.shape)),
    );
    return [concat(parts, axis)];
  },
  onnx: ({ parts, axis }) => ({
    attributes: { axis: { kind: "int", value: axis }, num_outputs: { kind: "int", value: parts } },
  }),
});

/** The same elements in another shape. */
export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : Reshape([x], shape);

/** x with a new axis of size 1, which is axis `axis` of the result. */
export const unsqueeze = (x: Value, axis: number): Value =>
  Unsqueeze([x], normalizeAxis("unsqueeze", [...x.shape, 1], axis));

/** Axes in another order: axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  const before = producer(x);
  const perm = before?.type === "Transpose" ? before.onnx.attributes?.["perm"] : undefined;
  const [operand] = before?.inputs ?? [];
  if (operand && perm?.kind === "ints") {
    return transpose(
      operand,
      permutation.map((axis) => perm.value[axis] ?? axis),
    );
  }
  const identity = permutation.every((axis, i) => axis === i);
  return identity && permutation.length === x.shape.length ? x : Transpose([x], permutation);
}

/** x repeated to `shape`, as NumPy broadcasts. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : Expand([x], shape);

/** A tensor full of one number. */
export const fill = (like: Value, value: number, shape: readonly number[]): Value =>
  expand(scalarLike(like, value), shape);

/** The range start to end (exclusive) of one axis. */
export const slice = (x: Value, { axis, ...range }: SliceAttrs): Value =>
  Slice([x], { axis: normalizeAxis("slice", x.shape, axis), ...range });

/** Zeros before and after one axis. */
export const pad = (x: Value, { axis, ...amount }: PadAttrs): Value =>
  Pad([x], { axis: normalizeAxis("pad", x.shape, axis), ...amount });

/** Tensors one after another along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first && values.length === 1) return first;
  return Concat(values, first ? normalizeAxis("concat", first.shape, axis) : axis);
}

/** Equal parts along an axis, the last by default. */
export const split = (x: Value, parts: number, axis = -1): readonly Value[] =>
  Split([x], { parts, axis: normalizeAxis("split", x.shape, axis) });

/** The last two axes swapped, [..., M, N] to [..., N, M]. */
export function matrixTranspose(x: Value): Value {
  matrixDims("matrixTranspose", x.shape);
  const rank = x.shape.length;
  return transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

/**
 * All axes but the last as one, [..., N] to [M, N], for one product of matrices instead of a batch.
 * Where one of them is only a name, x stays as it is: the batch of products has the same numbers.
 */
export function foldBatch(x: Value): Value {
  const batch = x.shape.slice(0, -1);
  if (x.shape.length === 2 || batch.some((dim) => typeof dim === "string")) return x;
  return reshape(x, [elementCount(batch), dimAt("foldBatch", x.shape, -1)]);
}
