/** In-batch negatives: padding takes no part. Loss and gradients themselves are compared with PyTorch in test/models/bert.test.ts. */

import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { input } from "../../src/graph/value.ts";
import { normalized, pairLoss } from "../../src/nn/similarity.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { normals } from "../support/random.ts";

const WIDTH = 4;

/** The loss, its gradient and the right answers of pairs, of which the first are those that count. */
async function run(
  first: readonly (readonly number[])[],
  second: readonly (readonly number[])[],
  counted: number,
) {
  const pairs = first.length;
  const vectors = input("vectors", "float32", [2 * pairs, WIDTH]);
  const { loss, correct } = pairLoss(vectors, input("weights", "float32", [pairs]));
  const [gradient = loss] = grad(loss, [vectors]);
  const results = await runGraph(
    { loss, correct, gradient },
    {
      vectors: float32([2 * pairs, WIDTH], Float32Array.from([...first, ...second].flat())),
      weights: float32([pairs], new Float32Array(pairs).fill(1, 0, counted)),
    },
  );
  const numbers = (name: string) => numbersOf(tensorNamed(results, name));
  const rows = Array.from({ length: 2 * pairs }, (_, row) =>
    numbers("gradient").slice(row * WIDTH, (row + 1) * WIDTH),
  );
  return { loss: numbers("loss")[0], correct: numbers("correct")[0], rows };
}

const draw = normals(3);
const vectorsOf = (count: number) =>
  Array.from({ length: count }, () => Array.from({ length: WIDTH }, draw));
const [a, b] = [vectorsOf(3), vectorsOf(3)];
const nothing = [0, 0, 0, 0];

describe("pairLoss", () => {
  it("is small where pairs are alike and others are not, and counts those that are found", async () => {
    const axes = [
      [1, 0, 0, 0],
      [0, 2, 0, 0],
      [0, 0, 3, 0],
    ];
    const alike = await run(axes, axes, 3);
    // Of each pair log(1 + 2 e^-20).
    expect(alike.loss).toBeCloseTo(0, 6);
    expect(alike.correct).toBe(3);
    const turned = await run(
      axes,
      [axes[1], axes[0], axes[2]].flatMap((x) => [x ?? []]),
      3,
    );
    expect(turned.loss).toBeCloseTo(40, 4);
    expect(turned.correct).toBe(1);
  });

  it.each([
    ["nothing", nothing],
    ["anything", [5, -1, 2, 0.5]],
  ])("does not see rows of weight 0 that hold %s", async (_, filler) => {
    const alone = await run(a, b, 3);
    const padded = await run([...a, filler], [...b, filler], 3);
    expect(padded.correct).toBe(alone.correct);
    expectClose([padded.loss ?? NaN], [alone.loss ?? NaN], FLOAT32);
    const { rows } = padded;
    expectClose([...rows.slice(0, 3), ...rows.slice(4, 7)].flat(), alone.rows.flat(), FLOAT32);
    const own = [...(rows[3] ?? []), ...(rows[7] ?? [])];
    expect(own.map(Math.abs)).toEqual([...nothing, ...nothing]);
  });

  it("does not depend on the lengths of vectors", async () => {
    const longer = a.map((vector) => vector.map((x) => 100 * x));
    expectClose(
      [(await run(longer, b, 3)).loss ?? NaN],
      [(await run(a, b, 3)).loss ?? NaN],
      FLOAT32,
    );
  });
});

it("normalized vectors have the length 1, or none", async () => {
  const x = input("x", "float32", [2, 2]);
  const results = await runGraph(
    { y: normalized(x) },
    { x: float32([2, 2], Float32Array.of(3, -4, 0, 0)) },
  );
  expectClose(numbersOf(tensorNamed(results, "y")), [0.6, -0.8, 0, 0], FLOAT32);
});
