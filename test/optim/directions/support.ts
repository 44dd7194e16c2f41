/** Rows, and what a graph makes of them. */

import type { Value } from "../../../src/graph/value.ts";
import { matmul, matrixTranspose } from "../../../src/ops/index.ts";
import { float32, type HostTensor } from "../../../src/tensor/host-tensor.ts";
import { numbersOf } from "../../support/close.ts";
import { inputFor, runGraph, tensorNamed } from "../../support/graph.ts";
import { normalTensor } from "../../support/random.ts";

/** X Yᵀ and what `make` made of X, for Y that. */
export async function made(
  x: HostTensor,
  make: (x: Value) => Value,
): Promise<Readonly<Record<"rows" | "gram" | "mixed", number[]>>> {
  const value = inputFor("x", x);
  const rows = make(value);
  const results = await runGraph(
    {
      rows,
      gram: matmul(rows, matrixTranspose(rows)),
      mixed: matmul(value, matrixTranspose(rows)),
    },
    { x },
  );
  const numbers = (name: string) => numbersOf(tensorNamed(results, name));
  return { rows: numbers("rows"), gram: numbers("gram"), mixed: numbers("mixed") };
}

export const identity = (size: number): number[] =>
  Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));

/** Rows a hundred times as long as others. */
export const ofAnyLength = (): HostTensor => {
  const own = numbersOf(normalTensor(5, [4, 20]));
  return float32([4, 20], Float32Array.from(own.map((x, at) => x / (at < 40 ? 1 : 100))));
};

/** Rows whose lengths fall from 1 to 1e-4, each 1e-2 of itself away from the first. */
export function nearlyDependent(rank: number, size: number): HostTensor {
  const own = numbersOf(normalTensor(2, [rank, size]));
  const rows = own.map((entry, at) => {
    const row = Math.floor(at / size);
    const first = own[at % size] ?? NaN;
    return 10 ** ((-4 * row) / (rank - 1)) * (row === 0 ? entry : first + 0.01 * entry);
  });
  return float32([rank, size], Float32Array.from(rows));
}
