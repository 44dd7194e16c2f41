/** The head in chunks of the vocabulary against the whole loss and its derivative. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { constant, input, scalarLike, type Value } from "../../src/graph/value.ts";
import {
  chunkGradients,
  chunkStatistics,
  crossEntropy,
  logSumExp,
  type LogitStatistics,
  lossOf,
  type Smoothing,
  type VocabularyChunk,
} from "../../src/nn/loss.ts";
import { add, sub } from "../../src/ops/elementwise.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { concat, fill, matrixTranspose, reshape, slice } from "../../src/ops/movement.ts";
import { float32, hostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { integerNumbers, normalTensor } from "../support/random.ts";

const TOKENS = 9;
const WIDTH = 6;
const VOCABULARY = 40;
const hidden = input("hidden", "float32", [TOKENS, WIDTH]);
const weight = input("weight", "float32", [VOCABULARY, WIDTH]);
const targets = input("targets", "int32", [TOKENS, 1]);
const weights = input("weights", "float32", [TOKENS, 1]);

const column = (value: number) => fill(hidden, value, [TOKENS, 1]);

/** The chunk of rows `start` to `end`, with targets relative to it. */
const chunkOf = (start: number, end: number) => ({
  hidden,
  weight: slice(weight, { axis: 0, start, end }),
  targets: sub(targets, scalarLike(targets, start)),
});

/** Loss and gradients by two passes over chunks that end at `ends`. */
function chunked(ends: readonly number[]): Record<string, Value> {
  const chunks = ends.map((end, i) => chunkOf(ends[i - 1] ?? 0, end));
  const statistics = chunks.reduce<LogitStatistics>(
    (before, chunk) => chunkStatistics(chunk, before),
    { peak: column(-1e30), sum: column(0), target: column(0) },
  );
  const parts = chunks.map((chunk) => chunkGradients(chunk, statistics, weights));
  return {
    loss: lossOf(statistics, weights),
    dHidden: parts.map(({ dHidden }) => dHidden).reduce(add),
    dWeight: concat(
      parts.map(({ dWeight }) => dWeight),
      0,
    ),
  };
}

function whole(): Record<string, Value> {
  const logits = matmul(hidden, matrixTranspose(weight));
  const loss = crossEntropy(logits, reshape(targets, [TOKENS]), reshape(weights, [TOKENS]));
  const [dHidden = loss, dWeight = loss] = grad(loss, [hidden, weight]);
  return { loss, dHidden, dWeight };
}

const spread = (factor: number) => ({
  hidden: normalTensor(1, [TOKENS, WIDTH]),
  weight: float32(
    [VOCABULARY, WIDTH],
    Float32Array.from(numbersOf(normalTensor(2, [VOCABULARY, WIDTH])), (x) => factor * x),
  ),
  targets: hostTensor(
    "int32",
    [TOKENS, 1],
    Int32Array.of(0, VOCABULARY - 1, ...integerNumbers(3, TOKENS - 2, VOCABULARY)),
  ),
  weights: float32([TOKENS, 1], Float32Array.of(1, 1, 1, 0.5, 0, 2, 1, 1, 0)),
});

describe("the loss over chunks of the vocabulary", () => {
  it.each<readonly [string, readonly number[], number]>([
    ["one chunk", [VOCABULARY], 1],
    ["three uneven chunks", [7, 32, VOCABULARY], 1],
    ["a chunk of one row", [1, 2, VOCABULARY], 1],
    ["logits that are far apart", [7, 32, VOCABULARY], 20],
    ["logits that are almost equal", [7, 32, VOCABULARY], 1e-3],
  ])("has the value and the gradients of crossEntropy: %s", async (_, ends, factor) => {
    const feeds = spread(factor);
    const expected = await runGraph(whole(), feeds);
    const actual = await runGraph(chunked(ends), feeds);
    for (const [name, tensor] of Object.entries(expected)) {
      const numbers = numbersOf(tensorNamed(actual, name));
      expectClose(numbers, numbersOf(tensor), FLOAT32, { what: name });
    }
  });

  it("gives no gradient to tokens of weight 0", async () => {
    const { dHidden } = await runGraph(chunked([7, 32, VOCABULARY]), spread(1));
    const rows = dHidden ? numbersOf(dHidden) : [];
    for (const row of [4, 8]) {
      expect(rows.slice(row * WIDTH, (row + 1) * WIDTH).map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  it("never has more logits than a chunk's", () => {
    const sizes = topologicalOrder(Object.values(chunked([7, 32, VOCABULARY]))).flatMap((node) =>
      node.outputs.map(({ shape }) => (shape[0] === TOKENS ? Number(shape[1]) : 0)),
    );
    expect(Math.max(...sizes)).toBe(25);
  });

  it("makes no denormal numbers of logits that are far apart", async () => {
    const chunk = { hidden, weight, targets };
    const statistics = { peak: column(0), sum: column(1), target: column(0) };
    // All targets are in other chunks, so dHidden is a sum of probabilities of e^-96.
    const { dHidden } = chunkGradients(chunk, statistics, weights);
    const feeds = {
      ...spread(1),
      targets: hostTensor("int32", [TOKENS, 1], new Int32Array(TOKENS).fill(-1)),
      weight: float32([VOCABULARY, WIDTH], new Float32Array(VOCABULARY * WIDTH).fill(-16)),
      hidden: float32([TOKENS, WIDTH], new Float32Array(TOKENS * WIDTH).fill(1)),
    };
    const numbers = numbersOf(tensorNamed(await runGraph({ dHidden }, feeds), "dHidden"));
    const smallestNormal = 2 ** -126;
    expect(numbers.every((x) => x === 0 || Math.abs(x) >= smallestNormal)).toBe(true);
  });
});

it("logSumExp stays finite where its exponentials would not", async () => {
  const x = constant(float32([2, 2], Float32Array.of(1000, 1000, -1000, -1001)));
  const result = numbersOf(tensorNamed(await runGraph({ y: logSumExp(x) }), "y"));
  expectClose(result, [1000 + Math.LN2, -1000 + Math.log1p(Math.exp(-1))], FLOAT32);
});

interface HeadGolden<Case> {
  readonly shape: readonly [number, number, number];
  readonly hidden: readonly number[];
  readonly weight: readonly number[];
  readonly bias: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  readonly cases: readonly (Case & {
    readonly share: number;
    readonly softcap: number | null;
    readonly loss: number;
    readonly dHidden: readonly number[];
    readonly dWeight: readonly number[];
    readonly dBias: readonly number[];
  })[];
}

/** What a head of a golden is of, and its loss and gradients by two passes over chunks of the vocabulary that end at `ends`. */
function headOf({ shape: [tokens, width, classes], ...golden }: HeadGolden<unknown>) {
  const of = {
    hidden: input("hidden", "float32", [tokens, width]),
    weight: input("weight", "float32", [classes, width]),
    bias: input("bias", "float32", [classes]),
    weights: input("weights", "float32", [tokens, 1]),
  };
  const feeds = {
    hidden: float32([tokens, width], Float32Array.from(golden.hidden)),
    weight: float32([classes, width], Float32Array.from(golden.weight)),
    bias: float32([classes], Float32Array.from(golden.bias)),
    weights: float32([tokens, 1], Float32Array.from(golden.weights)),
  };
  const filled = (value: number) => fill(of.hidden, value, [tokens, 1]);
  const inChunks = (
    ends: readonly number[],
    {
      targets: all,
      ...others
    }: Pick<VocabularyChunk, "shares" | "smoothing" | "softcap" | "targets">,
  ): Record<string, Value> => {
    const chunks = ends.map((end, i) => {
      const start = ends[i - 1] ?? 0;
      return {
        ...others,
        hidden: of.hidden,
        weight: slice(of.weight, { axis: 0, start, end }),
        bias: slice(of.bias, { axis: 0, start, end }),
        targets: sub(all, scalarLike(all, start)),
      };
    });
    const statistics = chunks.reduce<LogitStatistics>(
      (before, chunk) => chunkStatistics(chunk, before),
      { peak: filled(-1e30), sum: filled(0), target: filled(0) },
    );
    const parts = chunks.map((chunk) => chunkGradients(chunk, statistics, of.weights));
    const joined = (name: "dBias" | "dWeight") =>
      concat(
        parts.map((part) => part[name]),
        0,
      );
    return {
      loss: lossOf(statistics, of.weights),
      dHidden: parts.map(({ dHidden }) => dHidden).reduce(add),
      dWeight: joined("dWeight"),
      dBias: joined("dBias"),
    };
  };
  return { feeds, inChunks };
}

const GRADIENTS = ["loss", "dHidden", "dWeight", "dBias"] as const;

describe("smoothed labels, against PyTorch", () => {
  const golden: HeadGolden<unknown> = JSON.parse(
    readFileSync("test/golden/smoothing.json", "utf8"),
  );
  const [tokens, , classes] = golden.shape;
  const { feeds, inChunks } = headOf(golden);
  const labels = input("targets", "int32", [tokens, 1]);

  describe.each(golden.cases)("a share of $share, capped at $softcap", (expected) => {
    it.each([[[classes]], [[4, 9, classes]]])("is PyTorch's in chunks to %j", async (ends) => {
      const { share, softcap } = expected;
      const smoothing: Smoothing = { share, classes };
      const graph = inChunks(ends, { targets: labels, softcap: softcap ?? undefined, smoothing });
      const found = await runGraph(graph, {
        ...feeds,
        targets: int32([tokens, 1], Int32Array.from(golden.targets)),
      });
      for (const name of GRADIENTS) {
        const numbers = numbersOf(tensorNamed(found, name));
        expectClose(numbers, [expected[name]].flat(), 1e-5, { what: name });
      }
    });
  });
});

describe("what a teacher says, against PyTorch", () => {
  const golden: HeadGolden<{ readonly ids: number[]; readonly shares: number[] }> & {
    readonly choices: number;
  } = JSON.parse(readFileSync("test/golden/distillation.json", "utf8"));
  const [tokens, , classes] = golden.shape;
  const { feeds, inChunks } = headOf(golden);
  // The target itself comes first.
  const choices = golden.choices + 1;
  const said = input("targets", "int32", [tokens, choices]);
  const shares = input("shares", "float32", [tokens, choices]);
  const rows = Array.from({ length: tokens }, (_, row) => row);

  describe.each(golden.cases)("a share of $share, capped at $softcap", (expected) => {
    it.each([[[classes]], [[4, 9, classes]]])("is PyTorch's in chunks to %j", async (ends) => {
      const { share, softcap } = expected;
      const ofRow = <T>(all: readonly T[], row: number) =>
        all.slice(row * golden.choices, (row + 1) * golden.choices);
      const graph = inChunks(ends, { targets: said, shares, softcap: softcap ?? undefined });
      const found = await runGraph(graph, {
        ...feeds,
        targets: int32(
          [tokens, choices],
          Int32Array.from(
            rows.flatMap((row) => [golden.targets[row] ?? 0, ...ofRow(expected.ids, row)]),
          ),
        ),
        shares: float32(
          [tokens, choices],
          Float32Array.from(
            rows.flatMap((row) => [
              1 - share,
              ...ofRow(expected.shares, row).map((each) => share * each),
            ]),
          ),
        ),
      });
      for (const name of GRADIENTS) {
        const numbers = numbersOf(tensorNamed(found, name));
        expectClose(numbers, [expected[name]].flat(), 1e-5, { what: name });
      }
    });
  });
});
