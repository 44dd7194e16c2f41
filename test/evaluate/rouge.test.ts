/** @file rouge against Google's rouge-score; see test/golden/make_rouge.py. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { pairRouge, rouge, type RougeScores } from "../../src/evaluate/rouge.ts";

/** Precision, recall and F of ROUGE-1, ROUGE-2 and ROUGE-L. */
type Rows = readonly (readonly number[])[];

interface Golden {
  readonly versions: Readonly<Record<string, string>>;
  readonly pairs: readonly {
    readonly name: string;
    readonly hypothesis: string;
    readonly reference: string;
    readonly words: Rows;
    readonly stems: Rows;
  }[];
}

const path = new URL("../golden/rouge.json", import.meta.url);
const { pairs, versions }: Golden = JSON.parse(readFileSync(path, "utf8"));

/** A mean over pairs is summed in another order; all else is the same arithmetic. */
const DIGITS = 12;

const rowsOf = ({ rouge1, rouge2, rougeL }: RougeScores): Rows =>
  [rouge1, rouge2, rougeL].map(({ precision, recall, fmeasure }) => [precision, recall, fmeasure]);

function expectRows(scores: RougeScores, expected: Rows): void {
  const wanted = expected.map((row) => row.map((value) => expect.closeTo(value, DIGITS)));
  expect(rowsOf(scores)).toEqual(wanted);
}

describe("pairRouge", () => {
  it.each(pairs)("equals rouge-score: $name", ({ hypothesis, reference, words, stems }) => {
    expectRows(pairRouge(hypothesis, reference), words);
    expectRows(pairRouge(hypothesis, reference, { stemmer: true }), stems);
  });
});

describe("rouge", () => {
  const hypotheses = pairs.map(({ hypothesis }) => hypothesis);
  const references = pairs.map(({ reference }) => reference);

  it.each([
    ["words", false],
    ["stems", true],
  ] as const)("is the mean over pairs, of %s", (key, stemmer) => {
    const mean = (row: number, column: number) =>
      pairs.reduce((sum, pair) => sum + (pair[key][row]?.[column] ?? Number.NaN), 0) / pairs.length;
    const expected = [0, 1, 2].map((row) => [0, 1, 2].map((column) => mean(row, column)));
    expectRows(rouge(hypotheses, references, { stemmer }), expected);
  });

  it("says how it counts, and which rouge-score gives the same", () => {
    const version = `rouge-score ${versions["rouge-score"]}`;
    expect(rouge(["a"], ["a"]).signature).toBe(`${version}|stemmer:no`);
    expect(rouge(["a"], ["a"], { stemmer: true }).signature).toBe(`${version}|stemmer:yes`);
  });

  it.each([
    ["nothing", [], []],
    ["fewer references", ["a", "b"], ["a"]],
    ["more references", ["a"], ["a", "b"]],
  ])("refuses %s", (_, left, right) => {
    expect(() => rouge(left, right)).toThrow(UsageError);
    expect(() => rouge(left, right)).toThrow(/^rouge: /);
  });
});
