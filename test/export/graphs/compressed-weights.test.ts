/**
 * Weights that fewer bits hold exactly give the same products and rows as float32: multiples of a power of two, of which -8, or 127, is
 * one in every row, column and block. What is multiplied are whole numbers from 0 to 255, which uint8 holds too.
 */

import { describe, expect, it } from "vitest";
import { compressWeights, type OnnxDType } from "../../../src/export/graphs/compressed-weights.ts";
import type { Tensors } from "../../../src/graph/tensors.ts";
import { input } from "../../../src/graph/value.ts";
import { gather } from "../../../src/ops/indexing.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { matrixTranspose } from "../../../src/ops/movement.ts";
import { float32, int32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose } from "../../support/close.ts";
import { runGraph } from "../../support/graph.ts";
import { integerNumbers } from "../../support/random.ts";

const [ROWS, COLUMNS] = [35, 40];

/** [35, 40] of numbers that `dtype` holds. */
function exactWeight(dtype: OnnxDType) {
  const [least, most] = dtype === "q4" ? [-8, 7] : [-127, 127];
  const drawn = integerNumbers(3, ROWS * COLUMNS, most - least + 1).map((each) => each + least);
  const extreme = dtype === "q4" ? least : most;
  // One in every row and column, and with blocks of 32 in both halves of a row and of a column.
  const data = drawn.map((each, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const isMarked = column % 32 === row % 8 || row % 32 === column % 3;
    return (isMarked ? extreme : each) / 16;
  });
  return float32([ROWS, COLUMNS], Float32Array.from(data));
}

const whole = (shape: readonly number[], seed: number) => {
  const numbers = integerNumbers(
    seed,
    shape.reduce((a, b) => a * b, 1),
    256,
  );
  // The range of uint8 is that of the numbers: the scale is 1.
  return float32(shape, Float32Array.from([0, 255, ...numbers.slice(2)]));
};

describe.each(["fp32", "fp16", "q8", "q4"] as const)("a weight as %s", (dtype) => {
  const w = exactWeight(dtype);
  const feeds = {
    x: whole([2, 3, ROWS], 5),
    z: whole([4, COLUMNS], 6),
    ids: int32([2, 2], Int32Array.of(0, 34, 7, 7)),
  };
  const weight = input("w", "float32", [ROWS, COLUMNS]);
  const outputs: Tensors = {
    product: matmul(input("x", "float32", [2, 3, ROWS]), weight),
    transposed: matmul(input("z", "float32", [4, COLUMNS]), matrixTranspose(weight)),
    rows: gather(weight, input("ids", "int32", [2, 2])),
  };

  it("gives the same products, from both sides, and the same rows", async () => {
    const expected = await runGraph(outputs, { ...feeds, w });
    const { outputs: compressed, stored } = compressWeights(
      outputs,
      new Map([["w", w.shape]]),
      dtype,
    );
    const tensors = stored.get("w")?.map(({ name, make }) => [name, make(w)] as const) ?? [];
    for (const { name, dtype: type, shape, make } of stored.get("w") ?? []) {
      expect(make(w), name).toMatchObject({ dtype: type, shape });
    }
    const found = await runGraph(compressed, { ...feeds, ...Object.fromEntries(tensors) });
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(found[name], name).toMatchObject({ shape });
      const numbers = Array.from(found[name]?.data ?? [], Number);
      // The rows of a table are in int8 beside products in 4 bits, which hold -8 and 7 alike.
      if (dtype === "q4" && name === "rows")
        expectClose(numbers, Array.from(data, Number), 1 / 254);
      else expect(numbers, name).toEqual([...data]);
    }
  });
});
