/** What is special to the rotary embedding; its numbers are in test/ops. */

import { expect, it } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { input } from "../../../src/graph/value.ts";
import { rotary } from "../../../src/nn/attention/rotary.ts";
import { float32, int32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { runGraph, tensorNamed } from "../../support/graph.ts";
import { normalTensor } from "../../support/random.ts";

const x = input("x", "float32", [1, 1, 8]);
const positions = input("positions", "int32", [1, 1]);
const turn = { inverseFrequencies: [1, 0.01], attentionScaling: 1 };

it("leaves the products of queries and keys that move together as they were", async () => {
  const y = rotary(x, positions, { heads: 2, ...turn });
  const [q, k] = [normalTensor(1, [1, 1, 8]), normalTensor(2, [1, 1, 8])];
  const at = async (tensor: typeof q, position: number) => {
    const feeds = { x: tensor, positions: int32([1, 1], Int32Array.of(position)) };
    return numbersOf(tensorNamed(await runGraph({ y }, feeds), "y"));
  };
  const product = async (query: number, key: number) => {
    const keys = await at(k, key);
    return (await at(q, query)).reduce((sum, element, i) => sum + element * (keys[i] ?? 0), 0);
  };
  const near = await product(3, 1);
  expectClose([await product(1002, 1000)], [near], FLOAT32);
  expect(Math.abs((await product(3, 2)) - near)).toBeGreaterThan(0.1);
});

it("turns nothing at position 0", async () => {
  const feeds = {
    x: float32([1, 1, 8], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    positions: int32([1, 1], Int32Array.of(0)),
  };
  const y = rotary(x, positions, { heads: 1, ...turn });
  expect(numbersOf(tensorNamed(await runGraph({ y }, feeds), "y"))).toEqual([...feeds.x.data]);
});

it.each([
  [3, "rotary: 3 heads cannot turn 4 coordinates each"],
  [4, "rotary: 4 heads cannot turn 4 coordinates each"],
])("refuses %d heads", (heads, message) => {
  expect(() => rotary(x, positions, { heads, ...turn })).toThrow(
    new ShapeError(message, { x: [1, 1, 8] }),
  );
});
