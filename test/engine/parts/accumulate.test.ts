/** A gradient in its accumulator: S + G, or C + G Aᵀ, under the names that the engine feeds and fetches. */

import { expect, it } from "vitest";
import { accumulator } from "../../../src/compress/accumulator.ts";
import { accumulateInto } from "../../../src/engine/parts/accumulate.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { inputFor, runGraph, tensorNamed } from "../../support/graph.ts";

const tensor = (shape: readonly number[], ...values: number[]) =>
  float32(shape, Float32Array.from(values));
const g = tensor([2, 2], 1, 2, 3, 4);

it("adds the whole gradient", async () => {
  const feeds = { g, "acc:w/sum": tensor([2, 2], 10, 20, 30, 40) };
  const own = accumulator([2, 2], { projection: undefined });
  const outputs = accumulateInto("w", undefined, own, inputFor("g", g));
  expect(Object.keys(outputs)).toEqual(["acc:w/sum'"]);
  const made = await runGraph(outputs, feeds);
  expectClose(numbersOf(tensorNamed(made, "acc:w/sum'")), [11, 22, 33, 44], FLOAT32);
});

it("adds the projected gradient", async () => {
  const projection = { side: "columns", rank: 1, dimension: 2, family: "gaussian" } as const;
  const feeds = { g, "A:w": tensor([1, 2], 2, -1), "acc:w/sum": tensor([2, 1], 100, 200) };
  const own = accumulator([2, 2], { projection });
  const made = await runGraph(accumulateInto("w", projection, own, inputFor("g", g)), feeds);
  // G Aᵀ = [2 - 2, 6 - 4]
  expectClose(numbersOf(tensorNamed(made, "acc:w/sum'")), [100, 202], FLOAT32);
});
