import { expect, it } from "vitest";
import { scoreTranslations } from "../../../src/train/evaluation/translation.ts";

/** By sacreBLEU 2.6.0, and rouge-score 0.1.2 without stemmer: means of F, in percent. */
it("scores translations with BLEU and ROUGE in percent", () => {
  const pairs = [
    ["We sing.", "We sing."],
    ["No boy looked the dog.", "No boys looked for the dog."],
    ["Soon the small horse will run through the house.", "The small mouse will soon run there."],
  ] as const;
  const { bleu, signature, rouge } = scoreTranslations(
    pairs.map(([hypothesis]) => hypothesis),
    pairs.map(([, reference]) => reference),
  );
  expect(bleu).toBeCloseTo(18.66835605185, 9);
  expect(signature).toMatch(/^nrefs:1\|/);
  expect(rouge.rouge1).toBeCloseTo(78.409090909091, 9);
  expect(rouge.rouge2).toBeCloseTo(45.502645502646, 9);
  expect(rouge.rougeL).toBeCloseTo(74.242424242424, 9);
});
