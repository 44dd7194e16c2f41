import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import {
  fillNormal,
  fillOrthonormal,
  fillRademacher,
  foldIn,
  type Key,
  randomKey,
} from "../../src/random/index.ts";

/** Entries are rounded to float32, 2^-24; the sums of m products of size 1/r are made in double. */
const TOLERANCE = 2 ** -23;

function orthonormal(key: Key, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  fillOrthonormal(key, out, rows, columns);
  return out;
}

const dot = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);

/** The rows of a matrix of m columns. */
const rowsOf = (matrix: Float32Array, m: number) =>
  Array.from({ length: matrix.length / m }, (_, i) => matrix.subarray(i * m, (i + 1) * m));

/** G Aᵀ A - G for G [n, m], A [r, m]. */
function projectionError(g: Float32Array, a: Float32Array, m: number): readonly number[] {
  const rows = rowsOf(a, m);
  return rowsOf(g, m).flatMap((gRow) => {
    const compressed = rows.map((row) => dot(gRow, row));
    const estimate = (j: number) =>
      rows.reduce((sum, row, i) => sum + (compressed[i] ?? 0) * (row[j] ?? 0), 0);
    return Array.from(gRow, (value, j) => estimate(j) - value);
  });
}

const squares = (values: Iterable<number>) =>
  Array.from(values).reduce((sum, value) => sum + value ** 2, 0);

describe("fillOrthonormal", () => {
  it.each([
    [1, 1],
    [1, 2],
    [3, 7],
    [5, 15],
    [31, 97],
    [16, 64],
    [64, 64],
    [53, 53],
    [45, 45],
    [24, 768],
    [3, 50_257],
  ])("[%d, %d]: A Aᵀ = (m/r) I", (r, m) => {
    const rows = rowsOf(orthonormal(randomKey(r + m), r, m), m);
    const errors = rows.flatMap((a, i) =>
      rows.map((b, k) => Math.abs((dot(a, b) * r) / m - (i === k ? 1 : 0))),
    );
    expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
  });

  it.each([8, 53, 45])("of full rank %d: Aᵀ A = I", (m) => {
    const identity = new Float32Array(m * m);
    for (let j = 0; j < m; j += 1) identity[j * m + j] = 1;
    const error = projectionError(identity, orthonormal(randomKey(m), m, m), m);
    expect(Math.max(...error.map(Math.abs))).toBeLessThan(TOLERANCE);
  });

  it("is the formula of its header", () => {
    const [r, m] = [4, 11];
    const a = orthonormal(randomKey(5), r, m);
    const signs = new Float32Array(m);
    fillRademacher(foldIn(randomKey(5), "signs"), signs, 1);
    const isRow = (row: Float32Array) => (s: number) =>
      row.every((entry, j) => {
        const x = (2 * Math.PI * s * j) / m;
        const expected = ((signs[j] ?? 0) * (Math.cos(x) + Math.sin(x))) / Math.sqrt(r);
        return Math.abs(entry - expected) < 1e-7;
      });
    const candidates = Array.from({ length: m }, (_, s) => s);
    const chosen = Array.from({ length: r }, (_, i) =>
      candidates.filter(isRow(a.subarray(i * m, (i + 1) * m))),
    );
    expect(chosen.map((matches) => matches.length)).toEqual([1, 1, 1, 1]);
    expect(new Set(chosen.flat()).size).toBe(r);
  });

  it("chooses each row equally often", () => {
    const [r, m, draws] = [2, 5, 5000];
    const cas = Array.from({ length: m }, (_, s) => {
      const x = (2 * Math.PI * s) / m;
      return (Math.cos(x) + Math.sin(x)) / Math.sqrt(r);
    });
    const counts = cas.map(() => 0);
    for (let seed = 0; seed < draws; seed += 1) {
      const key = randomKey(seed);
      const signs = new Float32Array(m);
      fillRademacher(foldIn(key, "signs"), signs, 1);
      for (const row of rowsOf(orthonormal(key, r, m), m)) {
        // For m = 5 the entry at j = 1 tells s.
        const s = cas.findIndex((c) => Math.abs(c - (row[1] ?? 0) * (signs[1] ?? 0)) < 1e-6);
        counts[s] = (counts[s] ?? 0) + 1;
      }
    }
    const standardError = Math.sqrt((r / m) * (1 - r / m) * draws);
    for (const count of counts) {
      expect(Math.abs(count - (draws * r) / m)).toBeLessThan(4 * standardError);
    }
  });

  it("has blocks that are orthogonal to each other, the first of which is what it draws without", () => {
    const [r, m] = [5, 17];
    const blocks = [0, 1, 2].map((block) => {
      const out = new Float32Array(r * m);
      fillOrthonormal(randomKey(3), out, r, m, block);
      return out;
    });
    expect(blocks[0]).toEqual(orthonormal(randomKey(3), r, m));
    const rows = blocks.flatMap((block) => rowsOf(block, m));
    const errors = rows.flatMap((a, i) =>
      rows.map((b, k) => Math.abs((dot(a, b) * r) / m - (i === k ? 1 : 0))),
    );
    expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
    expect(() => fillOrthonormal(randomKey(3), new Float32Array(r * m), r, m, 3)).toThrow(
      ShapeError,
    );
  });

  it.each([
    [3, 2, 6],
    [0, 2, 0],
    [1.5, 2, 3],
    [2, 3, 5],
  ])("refuses [%d, %d] in %d entries", (rows, columns, entries) => {
    const out = new Float32Array(entries);
    expect(() => fillOrthonormal(randomKey(0), out, rows, columns)).toThrow(ShapeError);
  });
});

describe("the estimate G Aᵀ A of G over 2000 keys", () => {
  const [n, r, m, seeds] = [6, 5, 23, 2000];
  const g = new Float32Array(n * m);
  fillNormal(randomKey(-1), g, 1);
  const entries = (fill: typeof fillNormal) => (key: Key) => {
    const a = new Float32Array(r * m);
    fill(key, a, 1 / Math.sqrt(r));
    return a;
  };

  // The first two from E[a_j a_kᵀ a_k a_j] by hand: the diagonal of AᵀA varies for normal entries
  // (variance 2/r), and is exactly 1 for signs; each other entry has variance 1/r.
  it.each([
    ["normal", (m + 1) / r, entries(fillNormal)],
    ["rademacher", (m - 1) / r, entries(fillRademacher)],
    ["orthonormal", m / r - 1, (key: Key) => orthonormal(key, r, m)],
  ] as const)("%s: is unbiased, with relative error %d", (_, expected, draw) => {
    const mean = new Float64Array(n * m);
    let total = 0;
    for (let seed = 0; seed < seeds; seed += 1) {
      const error = projectionError(g, draw(foldIn(randomKey(seed), "w")), m);
      total += squares(error) / seeds;
      error.forEach((value, i) => {
        mean[i] = (mean[i] ?? 0) + value / seeds;
      });
    }
    const relative = total / squares(g);
    expect(Math.abs(relative / expected - 1)).toBeLessThan(0.02);
    // The mean of independent errors keeps 1/seeds of their square; a bias would keep all of it.
    expect((squares(mean) * seeds) / total).toBeLessThan(1.5);
  });
});
