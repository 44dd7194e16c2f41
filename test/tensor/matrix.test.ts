/** Matrices in host memory. */

import { expect, it } from "vitest";
import { transposed } from "../../src/tensor/matrix.ts";

it.each([Float32Array, Uint16Array])("a matrix of %o is turned", (Kind) => {
  const matrix = Kind.of(1, 2, 3, 4, 5, 6); // [2, 3]
  expect(transposed(matrix, 2, 3)).toEqual(Kind.of(1, 4, 2, 5, 3, 6));
  expect(matrix).toEqual(Kind.of(1, 2, 3, 4, 5, 6));
});
