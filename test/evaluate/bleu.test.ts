/** @file corpusBleu against sacreBLEU, whose version is in the golden; see test/golden/make_bleu.py. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { type BleuScore, corpusBleu } from "../../src/evaluate/bleu.ts";

interface Case extends Omit<BleuScore, "signature"> {
  readonly name: string;
  readonly hypotheses: readonly string[];
  readonly references: readonly string[];
}

interface Golden {
  readonly sacrebleu: string;
  readonly signature: string;
  readonly cases: readonly Case[];
}

const path = new URL("../golden/bleu.json", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(path, "utf8"));

/** Only the order of a few floating-point operations differs. */
const DIGITS = 9;

describe("corpusBleu", () => {
  it.each(golden.cases)("equals sacreBLEU: $name", (expected) => {
    const actual = corpusBleu(expected.hypotheses, expected.references);
    expect(actual.score).toBeCloseTo(expected.score, DIGITS);
    expect(actual.brevityPenalty).toBeCloseTo(expected.brevityPenalty, DIGITS);
    expect(actual.hypothesisLength).toBe(expected.hypothesisLength);
    expect(actual.referenceLength).toBe(expected.referenceLength);
    expect(actual.precisions).toHaveLength(4);
    for (const [i, precision] of expected.precisions.entries()) {
      expect(actual.precisions[i]).toBeCloseTo(precision, DIGITS);
    }
  });

  it("says how it counts, and which sacreBLEU gives the same", () => {
    const { signature } = corpusBleu(["a"], ["a"]);
    expect(signature).toBe(golden.signature);
    expect(signature).toContain(`|version:${golden.sacrebleu}`);
  });

  it.each([
    ["nothing", [], []],
    ["fewer references", ["a", "b"], ["a"]],
    ["more references", ["a"], ["a", "b"]],
  ])("refuses %s", (_, hypotheses, references) => {
    expect(() => corpusBleu(hypotheses, references)).toThrow(UsageError);
  });
});
