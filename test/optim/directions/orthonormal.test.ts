/** Orthonormal rows in a graph, where onnxruntime has no decomposition. */

import { describe, expect, it } from "vitest";
import { orthonormalRows } from "../../../src/optim/directions/orthonormal.ts";
import { expectClose, FLOAT32 } from "../../support/close.ts";
import { normalTensor } from "../../support/random.ts";
import { identity, made, nearlyDependent } from "./support.ts";

describe("orthonormal rows", () => {
  it.each([
    ["normal numbers", normalTensor(1, [5, 9])],
    ["a square", normalTensor(3, [4, 4])],
    ["one row", normalTensor(4, [1, 6])],
    ["rows that are nearly dependent", nearlyDependent(5, 40)],
  ])("are orthonormal, and span the first k by the first k: %s", async (_, x) => {
    const [rank = 0] = x.shape;
    const { gram, mixed } = await made(x, orthonormalRows);
    expectClose(gram, identity(rank), FLOAT32);
    const largest = Math.max(...mixed.map(Math.abs));
    for (const [at, entry] of mixed.entries()) {
      const [i, j] = [Math.floor(at / rank), at % rank];
      if (j > i) expect(Math.abs(entry) / largest).toBeLessThan(FLOAT32);
      if (j === i) expect(entry).toBeGreaterThan(0);
    }
  });
});
