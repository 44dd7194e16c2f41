/** The scores of answers: exact ones by counting, the others where they are known. */

import { expect, it } from "vitest";
import { ANSWER_METRICS, exactShare } from "../../../src/train/evaluation/answers.ts";

it("exact counts answers that are right to the letter, white space around them aside", () => {
  expect(exactShare([" 4", "five", "6\n", "7."], ["4", "Five", "6", "7"])).toBe(0.5);
});

it.each(Object.entries(ANSWER_METRICS))(
  "%s is most where all is right, least where nothing is",
  (name, metric) => {
    const references = ["the cat sat on the mat", "a dog ran in the old park"];
    const most = name === "exact" ? 1 : 100;
    expect(metric(references, references)).toBeCloseTo(most, 9);
    expect(metric(["x y z u v", "w q"], references)).toBe(0);
  },
);
