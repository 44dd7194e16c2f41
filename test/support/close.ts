/** Comparison of tensors, by the largest difference relative to the largest element. */

import { expect } from "vitest";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";

/** Roundings of float64, of 1e-16 each, and what cancels in the likes of 1 - tanh(x)². */
export const FLOAT64 = 1e-12;
/** Sums of up to a few thousand roundings of float32, of 6e-8 each. */
export const FLOAT32 = 1e-5;
/** Central differences in float64: the square of the step, and roundings divided by it. */
export const DIFFERENCES = 1e-7;

/** The elements as numbers. */
export const numbersOf = ({ data }: HostTensor): number[] => Array.from(data, Number);

/** max |a - b| / max(|b|, floor), over the whole tensor. NaN where sizes differ. */
export function relativeDifference(
  actual: readonly number[],
  expected: readonly number[],
  floor = 1e-30,
): number {
  if (actual.length !== expected.length) return Number.NaN;
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), floor);
  const differences = actual.map((x, i) =>
    Object.is(x, expected[i]) ? 0 : Math.abs(x - (expected[i] ?? Number.NaN)) / largest,
  );
  return differences.reduce((most, x) => (x > most || Number.isNaN(x) ? x : most), 0);
}

/** Fails unless the elements agree within `tolerance` of the largest one, or of `floor` where all are smaller. */
export function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  { what = "tensor", floor = 1e-30 }: { readonly what?: string; readonly floor?: number } = {},
): void {
  const difference = relativeDifference(actual, expected, floor);
  if (difference <= tolerance) return;
  expect.fail(
    `${what}: relative difference ${difference} above ${tolerance}; ` +
      `got [${actual.slice(0, 8).join(", ")}], expected [${expected.slice(0, 8).join(", ")}]`,
  );
}
