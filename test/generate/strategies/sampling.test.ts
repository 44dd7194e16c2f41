/** Sampling against the distributions of transformers' logits warpers, and its properties. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { greedy, sample } from "../../../src/generate/index.ts";
import { randomKey } from "../../../src/random/key.ts";
import { threefry2x32 } from "../../../src/random/threefry.ts";
import { golden } from "../support.ts";

const logits = fc
  .array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 })
  .map((numbers) => Float32Array.from(numbers));
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("greedy", () => {
  it.each([
    [[1, 3, 2], 1],
    [[2, 3, 3], 1],
    [[-Infinity, -4], 1],
    [[-7], 0],
  ])("takes the first of the largest of %j", (numbers, token) => {
    expect(greedy(Float32Array.from(numbers))).toBe(token);
  });

  it.each([[[]], [[-Infinity]], [[1, Number.NaN]]])("refuses %j", (numbers) => {
    const error = new UsageError("sampling: logits are not finite");
    expect(() => greedy(Float32Array.from(numbers))).toThrow(error);
    expect(() => sample(Float32Array.from(numbers), {}, 0)).toThrow(error);
  });
});

describe("sample", () => {
  it.each(golden.distributions.map((row) => [JSON.stringify(row.options), row] as const))(
    "has the distribution of transformers for %s",
    (_, { options, logits: numbers, probabilities }) => {
      const z = Float32Array.from(numbers);
      let sum = 0;
      for (const [token, probability] of probabilities.entries()) {
        if (probability === 0) continue;
        // Just inside both ends of the token's interval.
        const margin = Math.min(1e-6, probability / 4);
        expect(sample(z, options, sum + margin)).toBe(token);
        sum += probability;
        expect(sample(z, options, sum - margin)).toBe(token);
      }
    },
  );

  it("takes one of the k largest", () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 60 }), uniform, (z, topK, u) => {
        const least = z.toSorted().toReversed()[Math.min(topK, z.length) - 1] ?? Number.NaN;
        expect(z[sample(z, { topK }, u)]).toBeGreaterThanOrEqual(least);
      }),
    );
  });

  it("takes k tokens, the first ones, where logits are equal", () => {
    const z = Float32Array.of(1, 5, 1, 1, 1, 5);
    const seen = (topK: number) =>
      new Set(Array.from({ length: 1000 }, (_, i) => sample(z, { topK }, i / 1000)));
    expect([...seen(1)]).toEqual([1]);
    expect([...seen(2)]).toEqual([1, 5]);
    expect([...seen(4)].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 5]);
  });

  it("takes from the fewest tokens whose probability reaches p", () => {
    const p = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(logits, p, uniform, (z, topP, u) => {
        const chosen = z[sample(z, { topP }, u)] ?? Number.NaN;
        const weights = Array.from(z, (logit) => Math.exp(logit));
        const total = weights.reduce((a, b) => a + b, 0);
        const larger = weights.filter((_, i) => (z[i] ?? 0) > chosen).reduce((a, b) => a + b, 0);
        // What is larger than the chosen token does not reach p by itself.
        expect(larger / total).toBeLessThan(topP + 1e-12);
      }),
    );
  });

  it("is greedy as the temperature goes to 0", () => {
    fc.assert(
      fc.property(logits, uniform, (z, u) => {
        const chosen = z[sample(z, { temperature: 1e-12 }, u)] ?? Number.NaN;
        expect(chosen).toBeGreaterThan((z[greedy(z)] ?? 0) - 1e-9);
      }),
    );
  });

  it("takes tokens as often as softmax says, within 5 standard errors", () => {
    const z = Float32Array.of(0.3, -1, 2, 1.1, -0.4);
    const temperature = 1.3;
    const weights = Array.from(z, (logit) => Math.exp(logit / temperature));
    const total = weights.reduce((a, b) => a + b, 0);
    const draws = 20_000;
    const counts = new Map<number, number>();
    for (let seed = 0; seed < draws; seed++) {
      const token = sample(z, { temperature }, threefry2x32(randomKey(seed), 0, 3)[0] / 2 ** 32);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    for (const [token, weight] of weights.entries()) {
      const p = weight / total;
      const error = Math.abs((counts.get(token) ?? 0) / draws - p);
      expect(error).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / draws));
    }
  });

  it("takes the last kept token for the largest number below 1", () => {
    expect(sample(Float32Array.of(0, 0, 0, -Infinity), {}, 1 - 2 ** -53)).toBe(2);
  });

  it.each([
    [{ temperature: 0 }, "sampling: temperature must be above 0; got 0"],
    [{ temperature: -1 }, "sampling: temperature must be above 0; got -1"],
    [{ temperature: Number.NaN }, "sampling: temperature must be above 0; got NaN"],
    [{ topK: 0 }, "sampling: topK must be a whole number from 1; got 0"],
    [{ topK: 1.5 }, "sampling: topK must be a whole number from 1; got 1.5"],
    [{ topP: 0 }, "sampling: topP must be above 0 and at most 1; got 0"],
    [{ topP: 1.1 }, "sampling: topP must be above 0 and at most 1; got 1.1"],
  ])("refuses %j", (options, message) => {
    expect(() => sample(Float32Array.of(1, 2), options, 0.5)).toThrow(new UsageError(message));
  });
});
