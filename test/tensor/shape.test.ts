/** Shapes; broadcasting against examples of the NumPy manual, "Broadcasting". */

import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import {
  broadcastAxes,
  broadcastShapes,
  dimAt,
  elementCount,
  matrixDims,
  normalizeAxis,
  sameShape,
  type Shape,
  staticShape,
} from "../../src/tensor/shape.ts";

describe("broadcastShapes", () => {
  it.each<readonly [Shape, Shape, Shape]>([
    [[256, 256, 3], [3], [256, 256, 3]],
    [
      [8, 1, 6, 1],
      [7, 1, 5],
      [8, 7, 6, 5],
    ],
    [[5, 4], [1], [5, 4]],
    [
      [15, 3, 5],
      [15, 1, 5],
      [15, 3, 5],
    ],
    [[], [2, 3], [2, 3]],
    [[], [], []],
    [[1], [0], [0]],
    [
      ["B", 1],
      ["B", 3],
      ["B", 3],
    ],
    [
      [1, 3],
      ["T", 1],
      ["T", 3],
    ],
  ])("%j and %j give %j", (a, b, expected) => {
    expect(broadcastShapes("op", a, b)).toEqual(expected);
    expect(broadcastShapes("op", b, a)).toEqual(expected);
  });

  it.each<readonly [Shape, Shape]>([
    [[3], [4]],
    [
      [2, 1],
      [8, 4, 3],
    ],
    [["B"], ["T"]],
    [["B"], [3]],
  ])("%j and %j do not fit", (a, b) => {
    expect(() => broadcastShapes("op", a, b)).toThrow(ShapeError);
    expect(() => broadcastShapes("op", a, b)).toThrow(/^op: shapes do not broadcast; got a \[/);
  });
});

it.each<readonly [Shape, Shape, readonly number[]]>([
  [[3], [2, 3], [0]],
  [[2, 1], [2, 3], [1]],
  [[], [2, 3], [0, 1]],
  [
    [1, 1],
    [4, 2, 3],
    [0, 1, 2],
  ],
  [[2, 3], [2, 3], []],
  [[1, 3], [1, 3], []],
])("broadcastAxes of %j in %j are %j", (from, to, expected) => {
  expect(broadcastAxes(from, to)).toEqual(expected);
});

it.each<readonly [Shape, number, number]>([
  [[2, 3], 0, 0],
  [[2, 3], -1, 1],
  [[2, 3], -2, 0],
])("normalizeAxis in %j of %d is %d", (shape, axis, expected) => {
  expect(normalizeAxis("op", shape, axis)).toBe(expected);
  expect(dimAt("op", shape, axis)).toBe(shape[expected]);
});

it.each([2, -3, 0.5, Number.NaN])("there is no axis %d among two", (axis) => {
  expect(() => normalizeAxis("op", [2, 3], axis)).toThrow(ShapeError);
});

it("dimAt has no axis after the last", () => {
  expect(() => dimAt("op", [2, 3], 2)).toThrow(new ShapeError("op: no axis 2", { x: [2, 3] }));
});

it("matrixDims are the last two", () => {
  expect(matrixDims("op", [7, "M", 3])).toEqual(["M", 3]);
  expect(() => matrixDims("op", [3])).toThrow("op: needs at least two axes; got x [3]");
});

it("staticShape and elementCount need sizes", () => {
  expect(staticShape("op", [2, 3])).toEqual([2, 3]);
  expect([[], [2, 3], [2, 0]].map(elementCount)).toEqual([1, 6, 0]);
  expect(() => staticShape("op", ["B", 3])).toThrow("op: needs sizes, not names; got shape [B, 3]");
  expect(() => elementCount(["B"])).toThrow(ShapeError);
});

it("sameShape compares sizes and names", () => {
  expect(sameShape([2, "B"], [2, "B"])).toBe(true);
  for (const other of [[2], [2, "T"], [2, 3], ["B", 2], [2, "B", 1]]) {
    expect(sameShape([2, "B"], other)).toBe(false);
  }
});
