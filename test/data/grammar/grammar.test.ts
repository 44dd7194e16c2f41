/** @file The sentences as a data set: reproducible, varied, short, and a function of the source. */

import { describe, expect, it } from "vitest";
import { grammarPairs, heldOut } from "../../../src/data/grammar/grammar.ts";
import type { SentencePair } from "../../../src/data/examples/pairs.ts";

const take = (seed: number, count: number): readonly SentencePair[] => {
  const pairs: SentencePair[] = [];
  for (const pair of grammarPairs(seed)) {
    if (pairs.length === count) break;
    pairs.push(pair);
  }
  return pairs;
};

const wordForms = (texts: readonly string[]): number =>
  new Set(texts.flatMap((text) => text.toLowerCase().match(/\p{L}+/gu) ?? [])).size;

const pairs = take(42, 50_000);
const sources = pairs.map(({ source }) => source);
const targets = pairs.map(({ target }) => target);

describe("grammarPairs", () => {
  it("is decided by its seed", () => {
    expect(take(42, 500)).toEqual(pairs.slice(0, 500));
    expect(take(43, 500)).not.toEqual(pairs.slice(0, 500));
  });

  it("never translates a sentence in two ways", () => {
    const known = new Map<string, string>();
    for (const { source, target } of pairs) {
      expect(known.get(source) ?? target).toBe(target);
      known.set(source, target);
    }
  });

  it("seldom repeats itself", () => {
    expect(new Set(sources.slice(0, 20_000)).size).toBeGreaterThan(0.9 * 20_000);
  });

  it("has a vocabulary that is neither trivial nor large", () => {
    for (const texts of [sources, targets]) {
      expect(wordForms(texts)).toBeGreaterThanOrEqual(200);
      expect(wordForms(texts)).toBeLessThanOrEqual(400);
    }
  });

  it("writes short, well-formed sentences", () => {
    for (const text of [...sources, ...targets]) {
      expect(text).toMatch(/^\p{Lu}[\p{Ll},]*( \p{L}[\p{Ll}]*,?)+[.?!]$/u);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(80);
    }
  });

  it("uses every letter of German", () => {
    const letters = new Set(sources.join("").toLowerCase());
    for (const letter of "äöüß") expect(letters).toContain(letter);
  });
});

describe("heldOut", () => {
  it("keeps about one source in fifty", () => {
    const distinct = [...new Map(pairs.map((pair) => [pair.source, pair])).values()];
    const share = distinct.filter(heldOut).length / distinct.length;
    expect(share).toBeGreaterThan(0.015);
    expect(share).toBeLessThan(0.025);
  });

  it("depends on the source alone", () => {
    for (const { source, target } of pairs.slice(0, 500)) {
      expect(heldOut({ source, target: "" })).toBe(heldOut({ source, target }));
    }
  });
});
