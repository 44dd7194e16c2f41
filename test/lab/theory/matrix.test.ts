import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  elementsOf,
  matrixOf,
  relativeDistance,
  spectralNorm,
} from "../../../src/lab/theory/matrix.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";

const tensor = float32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));

describe("a matrix of a tensor", () => {
  it.each([
    {
      transposed: false,
      rows: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
    {
      transposed: true,
      rows: [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    },
  ])("is transposed: $transposed, and goes back", ({ transposed, rows }) => {
    const matrix = matrixOf(tensor, transposed);
    expect(matrix.to2DArray()).toEqual(rows);
    expect(elementsOf(matrix, transposed)).toEqual(tensor.data);
  });

  it("needs two axes", () => {
    expect(() => matrixOf(float32([3], Float32Array.of(1, 2, 3)), false)).toThrow(
      "matrix: needs two axes; got [3]",
    );
  });
});

it.each([
  { x: [[3, 4]], y: [[3, 4]], distance: 0 },
  { x: [[0, 0]], y: [[0, 0]], distance: 0 },
  { x: [[0, 0]], y: [[3, 4]], distance: 1 },
  { x: [[3, 4]], y: [[3, 3]], distance: 1 / Math.sqrt(18) },
])("the distance of $x from $y is $distance of it", ({ x, y, distance }) => {
  expect(relativeDistance(new Matrix(x), new Matrix(y))).toBeCloseTo(distance, 12);
});

it.each([
  { x: [[0, 0]], norm: 0 },
  { x: [[-7]], norm: 7 },
  {
    x: [
      [3, 0],
      [0, -4],
    ],
    norm: 4,
  },
  { x: [[1, 2, 2]], norm: 3 },
  // The longest row is orthogonal to the largest direction.
  {
    x: [
      [0, 1],
      [0.9, 0],
      [0.9, 0],
    ],
    norm: Math.sqrt(1.62),
  },
])("the spectral norm of $x is $norm", ({ x, norm }) => {
  expect(spectralNorm(new Matrix(x))).toBeCloseTo(norm, 10);
});
