/** Which keys each bias hides. */

import { expect, it } from "vitest";
import { constant, input, type Value } from "../../../src/graph/value.ts";
import {
  causalBias,
  paddingBias,
  positionBias,
  slidingBias,
} from "../../../src/nn/attention/attention-bias.ts";
import { int32 } from "../../../src/tensor/host-tensor.ts";
import { numbersOf } from "../../support/close.ts";
import { runGraph, tensorNamed } from "../../support/graph.ts";

const like = input("x", "float32", [1]);
const ids = (shape: readonly number[], ...numbers: readonly number[]): Value =>
  constant(int32(shape, Int32Array.from(numbers)));

/** Rows of a bias over keys: 1 where a key is seen, 0 where it is hidden. */
async function seen(bias: Value): Promise<string> {
  const numbers = numbersOf(tensorNamed(await runGraph({ bias }), "bias"));
  const columns = Number(bias.shape.at(-1));
  const marks = numbers.map((x) => (x === 0 ? 1 : x < -1e8 ? 0 : x)).join("");
  return (marks.match(new RegExp(`.{${columns}}`, "g")) ?? []).join(" ");
}

it.each<readonly [string, Value, readonly number[], string]>([
  ["causal: later positions", causalBias(like, 3), [3, 3], "100 110 111"],
  ["sliding: all but two", slidingBias(like, 4, 2), [4, 4], "1000 1100 0110 0011"],
  ["sliding: all but itself", slidingBias(like, 3, 1), [3, 3], "100 010 001"],
  ["sliding: wide as the sequence", slidingBias(like, 3, 3), [3, 3], "100 110 111"],
  ["padding", paddingBias(like, ids([2, 3], 1, 1, 0, 0, 1, 1)), [2, 1, 1, 3], "110 011"],
  [
    "positions: those after the query's own, of each sequence",
    positionBias(like, ids([2, 2], 1, 2, 0, 3), ids([2, 4], 0, 1, 2, 3, 3, 2, 1, 0)),
    [2, 1, 2, 4],
    "1100 1110 0001 1111",
  ],
  [
    "positions: those outside the window",
    positionBias(like, ids([1, 1], 5), ids([1, 7], 0, 1, 2, 3, 4, 5, 6), { window: 3 }),
    [1, 1, 1, 7],
    "0001110",
  ],
])("%s", async (_, bias, shape, expected) => {
  expect(bias.shape).toEqual(shape);
  expect(await seen(bias)).toBe(expected);
});
