/** What is special to attention; its numbers are in test/ops. */

import { describe, expect, it } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { topologicalOrder } from "../../../src/graph/topology.ts";
import { input, type Value } from "../../../src/graph/value.ts";
import { geluTanh } from "../../../src/nn/activation.ts";
import { multiHeadAttention } from "../../../src/nn/attention/attention.ts";
import { paddingBias, positionBias } from "../../../src/nn/attention/attention-bias.ts";
import { conv1d, linear } from "../../../src/nn/linear.ts";
import { rmsNorm } from "../../../src/nn/norm.ts";
import { rotary } from "../../../src/nn/attention/rotary.ts";
import { compile } from "../../../src/onnx/model.ts";
import { add, scale } from "../../../src/ops/elementwise.ts";
import { concat } from "../../../src/ops/movement.ts";
import { int32 } from "../../../src/tensor/host-tensor.ts";
import type { Dim } from "../../../src/tensor/shape.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { type HostTensors, loadProgram, runGraph, tensorNamed } from "../../support/graph.ts";
import { normalTensor } from "../../support/random.ts";

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

describe("with grouped heads", () => {
  const k = input("k", "float32", [2, 5, 2]);

  it("has the numbers of heads of keys and values that are repeated", async () => {
    const repeat = (x: Value) => concat([x, x], 2);
    const bias = input("bias", "float32", [2, 1, 3, 5]);
    const grouped = multiHeadAttention(q, k, k, { heads: 2, kvHeads: 1, bias });
    const repeated = multiHeadAttention(q, repeat(k), repeat(k), { heads: 2, bias });
    const results = await runGraph(
      { grouped, repeated },
      {
        q: normalTensor(1, [2, 3, 4]),
        k: normalTensor(2, [2, 5, 2]),
        bias: normalTensor(3, [2, 1, 3, 5]),
      },
    );
    expectClose(
      numbersOf(tensorNamed(results, "grouped")),
      numbersOf(tensorNamed(results, "repeated")),
      FLOAT32,
    );
  });

  it("repeats no keys: the largest product has the keys' own batch", () => {
    const y = multiHeadAttention(q, k, k, { heads: 2, kvHeads: 1 });
    const products = topologicalOrder([y]).filter(({ type }) => type === "MatMul");
    expect(products.map(({ inputs }) => inputs.map(({ shape }) => shape))).toEqual([
      [
        [2, 1, 6, 2],
        [2, 1, 2, 5],
      ],
      [
        [2, 1, 6, 5],
        [2, 1, 5, 2],
      ],
    ]);
  });

  it("gives dropout the heads in two axes", () => {
    const shapes: unknown[] = [];
    const dropout = (p: Value) => {
      shapes.push(p.shape);
      return p;
    };
    multiHeadAttention(q, k, k, { heads: 2, kvHeads: 1, dropout });
    expect(shapes).toEqual([[2, 1, 2, 3, 5]]);
  });

  it("refuses a bias that differs between heads", () => {
    const bias = input("bias", "float32", [2, 2, 3, 5]);
    expect(() => multiHeadAttention(q, k, k, { heads: 2, kvHeads: 1, bias })).toThrow(
      new ShapeError("attention: grouped heads have the same bias", { bias: [2, 2, 3, 5] }),
    );
  });

  it("refuses heads of keys that do not serve those of queries", () => {
    const shapes = { q: [2, 3, 4], k: [2, 5, 2] };
    const of = (heads: number, kvHeads: number) => () =>
      multiHeadAttention(q, k, k, { heads, kvHeads });
    expect(of(1, 2)).toThrow(
      new ShapeError("attention: 2 heads of keys do not serve 1 of queries", shapes),
    );
    expect(of(2, 2)).toThrow(
      new ShapeError("attention: 2 heads of keys do not serve 2 of queries", shapes),
    );
  });
});

describe("with names for the batch and the length", () => {
  /** Layers as a model has them: projections, a turn, a sliding and a padding bias, grouped heads. */
  function block(batch: Dim, length: Dim): Value {
    const x = input("x", "float32", [batch, length, 6]);
    const positions = input("positions", "int32", [batch, length]);
    const mask = input("mask", "int32", [batch, length]);
    const matrix = (name: string, to: number, from: number) => ({
      weight: input(name, "float32", [to, from]),
    });
    const h = rmsNorm(x, { weight: input("norm", "float32", [6]) }, 1e-5);
    const turn = { inverseFrequencies: [1], attentionScaling: 1 };
    const wide = conv1d(h, {
      weight: input("wide", "float32", [6, 12]),
      bias: input("bias", "float32", [12]),
    });
    const keys = linear(h, matrix("keys", 6, 6));
    const mixed = multiHeadAttention(
      rotary(wide, positions, { heads: 4, ...turn, inverseFrequencies: [1] }),
      rotary(keys, positions, { heads: 2, ...turn }),
      linear(h, matrix("values", 6, 6)),
      {
        heads: 4,
        kvHeads: 2,
        softcap: 3,
        bias: add(positionBias(x, positions, positions, { window: 2 }), paddingBias(x, mask)),
      },
    );
    const separate = multiHeadAttention(keys, keys, keys, {
      heads: 2,
      bias: paddingBias(x, mask),
    });
    const y = add(linear(mixed, matrix("out", 6, 12)), separate);
    return add(x, geluTanh(y));
  }

  const weights: HostTensors = {
    norm: normalTensor(1, [6]),
    wide: normalTensor(2, [6, 12]),
    bias: normalTensor(3, [12]),
    keys: normalTensor(4, [6, 6]),
    values: normalTensor(5, [6, 6]),
    out: normalTensor(6, [6, 12]),
  };

  it("runs at any size, with the numbers of the graph of that size", async () => {
    const named = await loadProgram(compile({ y: block("batch", "sequence") }));
    for (const [batch, length] of [
      [1, 3],
      [3, 7],
    ] as const) {
      const rows = (f: (column: number) => number) =>
        int32(
          [batch, length],
          Int32Array.from({ length: batch * length }, (_, i) => f(i % length)),
        );
      const feeds = {
        ...weights,
        x: normalTensor(7, [batch, length, 6]),
        positions: rows((column) => column),
        mask: rows((column) => Number(column > 0)),
      };
      const sizes = { batch, sequence: length };
      const actual = tensorNamed(await named.run(feeds, sizes), "y");
      const expected = tensorNamed(await runGraph({ y: block(batch, length) }, feeds), "y");
      expect(actual.shape).toEqual([batch, length, 6]);
      expectClose(numbersOf(actual), numbersOf(expected), FLOAT32);
    }
    await named.release();
  });
});
