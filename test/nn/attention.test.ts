/** What is special to attention; its numbers are in test/ops. */

import { expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import { input } from "../../src/graph/value.ts";
import { causalBias, multiHeadAttention } from "../../src/nn/attention.ts";
import { scale } from "../../src/ops/elementwise.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor } from "../support/random.ts";

const q = input("q", "float32", [2, 3, 4]);

it("refuses a width that the heads do not divide", () => {
  expect(() => multiHeadAttention(q, q, q, { heads: 3 })).toThrow(
    new ShapeError("attention: width is not divisible by 3 heads", { q: [2, 3, 4] }),
  );
});

it("takes keys of another length than the queries", async () => {
  const k = input("k", "float32", [2, 1, 4]);
  const y = multiHeadAttention(q, k, k, { heads: 2 });
  expect(y.shape).toEqual([2, 3, 4]);
  // A single key has all the attention.
  const feeds = { q: normalTensor(1, [2, 3, 4]), k: normalTensor(2, [2, 1, 4]) };
  const rows = numbersOf(feeds.k);
  const expected = [0, 1].flatMap((b) => [0, 1, 2].flatMap(() => rows.slice(4 * b, 4 * b + 4)));
  expectClose(numbersOf(tensorNamed(await runGraph({ y }, feeds), "y")), expected, FLOAT32);
});

it("applies dropout to the probabilities", async () => {
  const plain = multiHeadAttention(q, q, q, { heads: 2 });
  const y = multiHeadAttention(q, q, q, {
    heads: 2,
    dropout(p) {
      expect(p.shape).toEqual([2, 2, 3, 3]);
      return scale(p, 2);
    },
  });
  const results = await runGraph({ y, plain }, { q: normalTensor(1, [2, 3, 4]) });
  const doubled = numbersOf(tensorNamed(results, "plain")).map((x) => 2 * x);
  expectClose(numbersOf(tensorNamed(results, "y")), doubled, FLOAT32);
});

it("forbids later positions only", async () => {
  const bias = numbersOf(tensorNamed(await runGraph({ bias: causalBias(q, 3) }), "bias"));
  const rows = [0, 3, 6].map((start) => bias.slice(start, start + 3));
  expect(rows.map((row) => row.map((x) => (x < -1e8 ? "no" : x)))).toEqual([
    [0, "no", "no"],
    [0, 0, "no"],
    [0, 0, 0],
  ]);
});
