/** Which tokens are hidden, and behind what: counts, shares, and what the choice depends on. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chosenOf, maskTokens } from "../../../src/data/index.ts";
import { foldIn, randomKey } from "../../../src/random/key.ts";

const [CLS, SEP, MASK] = [0, 1, 2];
const masking = { mask: MASK, vocabularySize: 100, specialTokens: new Set([CLS, SEP, MASK]) };
const key = randomKey(5);

/** [CLS] text [SEP], of tokens from 3 on. */
const sentence = (text: readonly number[]): Int32Array => Int32Array.of(CLS, ...text, SEP);

const texts = fc.array(fc.integer({ min: 3, max: 99 }), { minLength: 1, maxLength: 60 });

describe("maskTokens", () => {
  it("chooses 15 % of the tokens of a text, and at least one, each once", () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        const { chosen } = maskTokens(randomKey(seed), sentence(text), masking);
        expect(chosen).toHaveLength(Math.max(1, Math.round(0.15 * text.length)));
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(Math.min(...chosen)).toBeGreaterThan(0);
        expect(Math.max(...chosen)).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it("changes nothing else, and leaves what it was given as it is", () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        const ids = sentence(text);
        const { ids: masked, chosen } = maskTokens(randomKey(seed), ids, masking);
        const changed = [...ids.keys()].filter((at) => masked[at] !== ids[at]);
        expect(chosen).toEqual(expect.arrayContaining(changed));
        expect(ids).toEqual(sentence(text));
      }),
    );
  });

  it("hides 80 %, replaces 10 % by tokens of the whole vocabulary, and keeps 10 %", () => {
    const text = Array.from({ length: 20_000 }, () => 50);
    const { ids, chosen } = maskTokens(key, sentence(text), masking);
    const results = chosen.map((at) => ids[at] ?? -1);
    const share = (test: (id: number) => boolean) => results.filter(test).length / results.length;
    const isRandom = (id: number) => id !== MASK && id !== 50;
    // Of 3000 choices the standard deviation is below 0.8 %.
    expect(share((id) => id === MASK)).toBeCloseTo(0.8, 1);
    expect(share((id) => id === 50)).toBeGreaterThan(0.08);
    expect(share((id) => id === 50)).toBeLessThan(0.12);
    expect(share(isRandom)).toBeGreaterThan(0.08);
    expect(share(isRandom)).toBeLessThan(0.12);
    const drawn = new Set(results.filter(isRandom));
    expect(drawn.size).toBeGreaterThan(85);
    expect([...drawn].every((id) => id >= 0 && id < 100)).toBe(true);
  });

  it("chooses every place as often as any other", () => {
    const counts = Array.from({ length: 20 }, () => 0);
    for (let i = 0; i < 4000; i += 1) {
      const text = Array.from({ length: 20 }, () => 9);
      for (const at of maskTokens(foldIn(key, i), sentence(text), masking).chosen) {
        counts[at - 1] = (counts[at - 1] ?? 0) + 1;
      }
    }
    // 600 each, with a standard deviation of 23.
    expect(Math.min(...counts)).toBeGreaterThan(500);
    expect(Math.max(...counts)).toBeLessThan(700);
  });

  it("depends on the key and the text alone", () => {
    const text = sentence(Array.from({ length: 40 }, (_, i) => 3 + i));
    expect(maskTokens(key, text, masking)).toEqual(maskTokens(key, text, masking));
    expect(maskTokens(key, text, masking)).not.toEqual(maskTokens(foldIn(key, 1), text, masking));
  });

  it("finds nothing to hide where there is no text", () => {
    expect(maskTokens(key, Int32Array.of(CLS, MASK, SEP), masking).chosen).toEqual([]);
  });
});

it("never chooses more of a shorter text than of a longer one", () => {
  const counts = Array.from({ length: 200 }, (_, tokens) => chosenOf(tokens));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect([counts[1], counts[10], counts[100]]).toEqual([1, 2, 15]);
});
