/** @file Shapes: sizes, broadcasting as in NumPy, strides of axes. */

import { ShapeError } from "../errors.ts";

/** A dimension: a size, or the name of a size that is known only when the graph runs. */
export type Dim = number | string;

/** The sizes of a tensor's axes, `[B, T, C]`. */
export type Shape = readonly Dim[];

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** The shape as numbers. @throws {ShapeError} if a dimension is only a name. */
export function staticShape(op: string, shape: Shape): readonly number[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    throw new ShapeError(`${op}: needs sizes, not names`, { shape });
  });
}

/** The number of elements. @throws {ShapeError} if a dimension is only a name. */
export const elementCount = (shape: Shape): number =>
  staticShape("element count", shape).reduce((count, dim) => count * dim, 1);

/** The dimension at `axis`, which may count from the end. @throws {ShapeError} if there is none. */
export function dimAt(op: string, shape: Shape, axis: number): Dim {
  const dim = shape.at(axis);
  if (dim === undefined) throw new ShapeError(`${op}: no axis ${axis}`, { x: shape });
  return dim;
}

/** `axis` counted from the front. @throws {ShapeError} if it is out of range. */
export function normalizeAxis(op: string, shape: Shape, axis: number): number {
  if (Number.isInteger(axis) && axis >= -shape.length && axis < shape.length) {
    return axis < 0 ? axis + shape.length : axis;
  }
  throw new ShapeError(`${op}: no axis ${axis}`, { x: shape });
}

/** The last two dimensions, rows and columns. @throws {ShapeError} if there are fewer than two. */
export function matrixDims(op: string, shape: Shape): readonly [rows: Dim, columns: Dim] {
  const [rows, columns] = shape.slice(-2);
  if (rows === undefined || columns === undefined) {
    throw new ShapeError(`${op}: needs at least two axes`, { x: shape });
  }
  return [rows, columns];
}

/** The NumPy broadcast of two shapes. @throws {ShapeError} if they do not broadcast. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new ShapeError(`${op}: shapes do not broadcast`, { a, b });
  });
}

/** The axes of `to` along which `from` was repeated by broadcasting. */
export function broadcastAxes(from: Shape, to: Shape): readonly number[] {
  const lead = to.length - from.length;
  return to.flatMap((dim, axis) => (axis < lead || from[axis - lead] !== dim ? [axis] : []));
}
