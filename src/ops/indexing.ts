/**
 * @file Reading and adding rows by index: `gather` and its adjoint `scatterAdd`; and where the largest elements are.
 *
 * `scatterAdd` is ONNX `ScatterElements`: `ScatterND` with reduction "add" loses additions to equal indices on onnxruntime's
 * CPU (two threads race).
 */

import { DTypeError, ShapeError } from "../errors.ts";
import { defineMultiOp, defineOp } from "../graph/op.ts";
import type { OnnxForm, Value } from "../graph/value.ts";
import { dimAt, normalizeAxis, sameShape, type Shape, staticShape } from "../tensor/shape.ts";
import { hostTensor } from "../tensor/host-tensor.ts";
import { cast } from "./elementwise.ts";
import { expand, fill, reshape, transpose } from "./movement.ts";

function checkIndices(op: string, { dtype }: Value): void {
  if (dtype !== "int32" && dtype !== "int64") {
    throw new DTypeError(`${op}: indices must be integers`, { indices: dtype });
  }
}

const axisAttribute = (axis: number): OnnxForm => ({
  attributes: { axis: { kind: "int", value: axis } },
});

const Gather = defineOp<readonly [data: Value, indices: Value], number>({
  type: "Gather",
  infer([data, indices], axis) {
    checkIndices("gather", indices);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    return { dtype: data.dtype, shape };
  },
  vjp(dy, [data, indices], _, axis) {
    const shape = staticShape("gather", data.shape);
    const count = indices.shape.reduce<number>((n, dim) => n * Number(dim), 1);
    const rows = reshape(dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]);
    const flat = reshape(indices, [count]);
    if (shape.length === 2 && axis === 0)
      return [scatterAdd(fill(dy, 0, shape), flat, rows), undefined];
    // Bring the axis to the front, as a matrix with one row per index, and back.
    const front = [axis, ...shape.keys()].filter((a, i) => i === 0 || a !== axis);
    const moved = front.map((a) => shape[a] ?? 1);
    const width = moved.slice(1).reduce((n, dim) => n * dim, 1);
    const table = scatterAdd(
      fill(dy, 0, [moved[0] ?? 1, width]),
      flat,
      reshape(transpose(rows, front), [count, width]),
    );
    const back = front.map((_a, i) => front.indexOf(i));
    return [transpose(reshape(table, moved), back), undefined];
  },
  onnx: axisAttribute,
});

const GatherElements = defineOp<readonly [data: Value, indices: Value], number>({
  type: "GatherElements",
  infer([data, indices], axis) {
    checkIndices("gatherElements", indices);
    if (!sameShape(data.shape.with(axis, 0), indices.shape.with(axis, 0))) {
      throw new ShapeError("gatherElements: other axes differ", {
        data: data.shape,
        indices: indices.shape,
      });
    }
    return { dtype: data.dtype, shape: indices.shape };
  },
  vjp: (dy, [data, indices], _, axis) => [
    scatterElementsAdd(fill(dy, 0, staticShape("gatherElements", data.shape)), indices, dy, axis),
    undefined,
  ],
  onnx: axisAttribute,
});

const ScatterElements = defineOp<readonly [base: Value, indices: Value, updates: Value], number>({
  type: "ScatterElements",
  infer([base, indices, updates]) {
    checkIndices("scatterElementsAdd", indices);
    if (!sameShape(indices.shape, updates.shape) || base.shape.length !== indices.shape.length) {
      throw new ShapeError("scatterElementsAdd: shapes do not match", {
        base: base.shape,
        indices: indices.shape,
        updates: updates.shape,
      });
    }
    return { dtype: base.dtype, shape: base.shape };
  },
  vjp: (dy, [, indices], _, axis) => [dy, undefined, gatherElements(dy, indices, axis)],
  onnx: (axis) => ({
    attributes: {
      axis: { kind: "int", value: axis },
      reduction: { kind: "string", value: "add" },
    },
  }),
});

/** The values have no derivative here: `gatherElements` of the indices has. */
const TopK = defineMultiOp<readonly [x: Value], number>({
  type: "TopK",
  infer([x], count) {
    const length = dimAt("largest", x.shape, -1);
    if (typeof length === "number" && count > length) {
      throw new ShapeError(`largest: there are no ${count} elements in a row`, { x: x.shape });
    }
    const shape = x.shape.with(-1, count);
    return [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  onnx: (count) => ({ operands: [hostTensor("int64", [1], BigInt64Array.of(BigInt(count)))] }),
});

/**
 * Where the largest elements of the last axis are, the largest first; of equal ones the first.
 *
 * @param x - [..., N]
 * @returns [..., count], int32
 * @throws {ShapeError} if `count` is above N.
 */
export function largest(x: Value, count: number): Value {
  const [, indices] = TopK([x], count);
  if (indices) return cast(indices, "int32");
  throw new Error("internal: the largest elements without indices");
}

/** Slices of `data` along an axis (the first by default), in the order of `indices`. */
export const gather = (data: Value, indices: Value, axis = 0): Value =>
  Gather([data, indices], normalizeAxis("gather", data.shape, axis));

/** One element of `data` per index: y[i, j] = data[i, indices[i, j]] along axis 1, and so on. */
export const gatherElements = (data: Value, indices: Value, axis: number): Value =>
  GatherElements([data, indices], normalizeAxis("gatherElements", data.shape, axis));

/** `base` with `updates` added at `indices`, the adjoint of `gatherElements`. Equal indices add up. */
export const scatterElementsAdd = (
  base: Value,
  indices: Value,
  updates: Value,
  axis: number,
): Value =>
  ScatterElements([base, indices, updates], normalizeAxis("scatterElementsAdd", base.shape, axis));

/**
 * Rows added to a table, the adjoint of `gather`. Equal indices add up.
 *
 * @param base - [V, C]
 * @param indices - [N], integers below V
 * @param updates - [N, C]
 * @returns [V, C]
 */
export function scatterAdd(base: Value, indices: Value, updates: Value): Value {
  const shape: Shape = updates.shape;
  if (shape.length !== 2 || dimAt("scatterAdd", indices.shape, 0) !== shape[0]) {
    throw new ShapeError("scatterAdd: needs one row per index", {
      indices: indices.shape,
      updates: shape,
    });
  }
  const rows = reshape(indices, [dimAt("scatterAdd", shape, 0), 1]);
  return scatterElementsAdd(base, expand(rows, staticShape("scatterAdd", shape)), updates, 0);
}
