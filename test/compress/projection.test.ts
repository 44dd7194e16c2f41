/** What random projections promise, over many seeds. */

import { describe, expect, it } from "vitest";
import { input, type Value } from "../../src/graph/value.ts";
import {
  compress,
  decompress,
  decompressIsometric,
  FAMILIES as DRAWS,
  type Family,
  matrixShape,
  type Projection,
  smallestSafeInterval,
  squaredError,
  transfer,
} from "../../src/compress/index.ts";
import {
  fillNormal,
  fillOrthonormal,
  fillRademacher,
  foldIn,
  randomKey,
} from "../../src/random/index.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { sumSquares } from "../../src/ops/reduce.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor } from "../support/random.ts";

/** Projection matrices of `seeds` keys, [seeds, rank, dimension]. */
function draw({ family, rank, dimension }: Projection, seeds: number, root: number): HostTensor {
  const size = rank * dimension;
  const data = new Float32Array(seeds * size);
  for (let seed = 0; seed < seeds; seed += 1) {
    const key = foldIn(randomKey(root), seed);
    const out = data.subarray(seed * size, (seed + 1) * size);
    if (family === "gaussian") fillNormal(key, out, rank ** -0.5);
    else if (family === "rademacher") fillRademacher(key, out, rank ** -0.5);
    else fillOrthonormal(key, out, rank, dimension);
  }
  return float32([seeds, rank, dimension], data);
}

const at = (name: string, { shape }: HostTensor): Value => input(name, "float32", shape);

const squaredNorm = (x: readonly number[]) => x.reduce((sum, t) => sum + t * t, 0);

function cosine(a: readonly number[], b: readonly number[]): number {
  const inner = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  return inner / Math.sqrt(squaredNorm(a) * squaredNorm(b));
}

const FAMILIES: readonly Family[] = ["gaussian", "rademacher", "orthonormal"];
const SIDES = ["rows", "columns"] as const;
const KINDS = FAMILIES.flatMap((family) => SIDES.map((side) => [family, side] as const));

describe.each(KINDS)("a %s projection of the %s", (family, side) => {
  const SEEDS = 8000;
  const [rows, columns] = side === "rows" ? [12, 7] : [7, 12];
  const projection: Projection = { side, rank: 4, dimension: 12, family };

  /** Ĝ for every seed. */
  async function estimates(g: HostTensor): Promise<number[][]> {
    const a = draw(projection, SEEDS, 1);
    const [gradient, matrices] = [at("g", g), at("a", a)];
    const estimate = decompress(compress(gradient, matrices, projection), matrices, projection);
    const data = numbersOf(tensorNamed(await runGraph({ estimate }, { g, a }), "estimate"));
    return Array.from({ length: SEEDS }, (_, i) =>
      data.slice(i * rows * columns, (i + 1) * rows * columns),
    );
  }

  it("is unbiased, and its squared error is the formula's within 2 %", async () => {
    const g = normalTensor(2, [rows, columns]);
    const expected = numbersOf(g);
    const all = await estimates(g);
    const mean = expected.map((_, i) => all.reduce((sum, x) => sum + (x[i] ?? 0), 0) / SEEDS);
    const errors = all.map((x) => squaredNorm(x.map((t, i) => t - (expected[i] ?? 0))));
    const error = errors.reduce((sum, x) => sum + x, 0) / SEEDS / squaredNorm(expected);
    expect(error / squaredError(projection)).toBeGreaterThan(0.98);
    expect(error / squaredError(projection)).toBeLessThan(1.02);
    // The mean of independent estimates is off by the root of their error over their number; twice that is rare.
    const bias = Math.sqrt(squaredNorm(mean.map((t, i) => t - (expected[i] ?? 0))));
    const deviation = Math.sqrt((squaredError(projection) * squaredNorm(expected)) / SEEDS);
    expect(bias).toBeLessThan(2 * deviation);
  });
});

describe.each([
  ["orthonormal", "rows"],
  ["orthonormal", "columns"],
  ["coordinates", "rows"],
  ["coordinates", "columns"],
] as const)("the blocks of a key of %s, %s", (family, side) => {
  const [rows, columns] = side === "rows" ? [12, 7] : [7, 12];
  const projection: Projection = { side, rank: 4, dimension: 12, family };
  const g = normalTensor(2, [rows, columns]);

  it("have estimates whose mean is G, and whose mean squared error is the formula's", async () => {
    const sum = Array.from({ length: rows * columns }, () => 0);
    let [errors, isometric] = [0, 0];
    for (let block = 0; block < 3; block++) {
      const data = new Float32Array(matrixShape(projection).reduce((n, dim) => n * dim, 1));
      DRAWS[family].draw(randomKey(9), data, 4, 12, block);
      const a = float32(matrixShape(projection), data);
      const c = compress(at("g", g), at("a", a), projection);
      const outputs = {
        estimate: decompress(c, at("a", a), projection),
        kept: sumSquares(decompressIsometric(c, at("a", a), projection)),
        norm: sumSquares(c),
      };
      const results = await runGraph(outputs, { g, a });
      const [kept = NaN] = numbersOf(tensorNamed(results, "kept"));
      const [norm = NaN] = numbersOf(tensorNamed(results, "norm"));
      isometric = Math.max(isometric, Math.abs(kept / norm - 1));
      const estimate = numbersOf(tensorNamed(results, "estimate"));
      errors += squaredNorm(estimate.map((x, i) => x - Number(g.data[i])));
      for (const [i, x] of estimate.entries()) sum[i] = (sum[i] ?? 0) + x;
    }
    expectClose(
      sum.map((x) => x / 3),
      numbersOf(g),
      FLOAT32,
    );
    expect(errors / 3 / squaredNorm(numbersOf(g))).toBeCloseTo(squaredError(projection), 4);
    expect(isometric).toBeLessThan(FLOAT32);
  });
});

describe("a transfer", () => {
  const SEEDS = 24;

  /** Mean cosine between the momentum before and after, both decompressed by their own matrices. */
  async function meanCosine(
    projection: Projection,
    move: (m: Value, from: Value, to: Value) => Value,
  ): Promise<number> {
    const { side, rank, dimension } = projection;
    const whole = normalTensor(3, side === "rows" ? [dimension, 48] : [48, dimension]);
    const [olds, news] = [draw(projection, SEEDS, 5), draw(projection, SEEDS, 6)];
    const size = rank * dimension;
    const [g, from, to] = [
      at("g", whole),
      ...["from", "to"].map((name) => input(name, "float32", [rank, dimension])),
    ];
    if (!g || !from || !to) throw new Error("three inputs expected");
    const m = compress(g, from, projection);
    const outputs = {
      before: decompress(m, from, projection),
      after: decompress(move(m, from, to), to, projection),
    };
    let sum = 0;
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const matrix = ({ data }: HostTensor) =>
        float32(
          [rank, dimension],
          Float32Array.from(data.slice(seed * size, (seed + 1) * size), Number),
        );
      const results = await runGraph(outputs, { g: whole, from: matrix(olds), to: matrix(news) });
      const [before, after] = [tensorNamed(results, "before"), tensorNamed(results, "after")];
      sum += cosine(numbersOf(before), numbersOf(after));
    }
    return sum / SEEDS;
  }

  it.each(KINDS)(
    "keeps the direction as far as a %s projection of the %s can",
    async (family, side) => {
      const projection: Projection = { side, rank: 16, dimension: 64, family };
      // ⟨g, g AᵀA⟩ is about ‖g‖² and ‖g AᵀA‖² about (1 + error) ‖g‖², for a g that is independent of A.
      const predicted = 1 / Math.sqrt(1 + squaredError(projection));
      const kept = await meanCosine(projection, (m, from, to) => transfer(m, from, to, projection));
      expect(Math.abs(kept / predicted - 1)).toBeLessThan(0.05);
      const oldForBoth = await meanCosine(projection, (m, from) =>
        transfer(m, from, from, projection),
      );
      expect(Math.abs(oldForBoth)).toBeLessThan(0.1);
    },
  );

  it("is exact between orthonormal projections of full rank", async () => {
    const projection: Projection = { side: "rows", rank: 16, dimension: 16, family: "orthonormal" };
    const kept = await meanCosine(projection, (m, from, to) => transfer(m, from, to, projection));
    expect(kept).toBeCloseTo(1, 5);
  });
});

describe("the smallest safe interval", () => {
  /** The geometric mean of the growth of ‖M‖ by a transfer. */
  async function growth(projection: Projection): Promise<number> {
    const TRANSFERS = 60;
    const { rank, dimension } = projection;
    const matrices = draw(projection, TRANSFERS + 1, 7);
    const m = normalTensor(8, [128, rank]);
    const size = rank * dimension;
    const names = ["from", "to"].map((name) => input(name, "float32", [rank, dimension]));
    const [from, to] = names;
    if (!from || !to) throw new Error("two inputs expected");
    const next = transfer(at("m", m), from, to, projection);
    const matrix = (i: number) =>
      float32(
        [rank, dimension],
        Float32Array.from(matrices.data.slice(i * size, (i + 1) * size), Number),
      );
    let current = m;
    let logarithm = 0;
    for (let i = 0; i < TRANSFERS; i += 1) {
      const moved = numbersOf(
        tensorNamed(
          await runGraph({ next }, { m: current, from: matrix(i), to: matrix(i + 1) }),
          "next",
        ),
      );
      const norm = Math.sqrt(squaredNorm(moved));
      const before = Math.sqrt(squaredNorm(numbersOf(current)));
      logarithm += Math.log(norm / before);
      current = float32(
        m.shape,
        Float32Array.from(moved, (x) => x / norm),
      );
    }
    return Math.exp(logarithm / TRANSFERS);
  }

  // 128x128, β 0.9: an independent simulation in NumPy overflowed at κ 5 with rank 16, at κ 2 with rank 64.
  it.each([
    [16, 5],
    [64, 2],
  ])("of rank %d is above what grows, and not far above", async (rank, overflowed) => {
    const projection: Projection = { side: "columns", rank, dimension: 128, family: "gaussian" };
    const factor = await growth(projection);
    expect(0.9 ** overflowed * factor).toBeGreaterThan(1);
    const needed = Math.floor(Math.log(factor) / -Math.log(0.9)) + 1;
    const smallest = smallestSafeInterval(projection, 0.9);
    expect(0.9 ** smallest * factor).toBeLessThan(1);
    expect(smallest - needed).toBeLessThanOrEqual(3);
  });

  it("is where decay and growth balance", () => {
    for (const family of FAMILIES) {
      const projection: Projection = { side: "rows", rank: 8, dimension: 100, family };
      for (const decay of [0.5, 0.9, 0.99]) {
        const kappa = smallestSafeInterval(projection, decay);
        const factor = Math.sqrt(1 + squaredError(projection));
        expect(decay ** kappa * factor).toBeLessThan(1);
        expect(decay ** (kappa - 1) * factor).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it("is one step where nothing grows", () => {
    const projection: Projection = { side: "rows", rank: 9, dimension: 9, family: "orthonormal" };
    expect(smallestSafeInterval(projection, 0.9)).toBe(1);
  });
});
