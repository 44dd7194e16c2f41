/** Rules against transformers' logits processors, alone and in `generate`. */

import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { complete } from "../../../src/generate/index.ts";
import { applyScoreRules, checkScoreRules } from "../../../src/generate/strategies/score-rules.ts";
import { golden, setUp } from "../support.ts";

const { decoder } = setUp();
afterAll(() => decoder.release());

describe("rules", () => {
  it.each(golden.rules)("$options after $tokens are transformers'", (row) => {
    const { options, tokens, made, logits, scores } = row;
    const given = Float32Array.from(logits);
    const changed = Array.from(applyScoreRules(given, { tokens, made }, options));
    expect(changed.map((score) => (score === -Infinity ? null : score))).toEqual(
      scores.map((score) => (score === null ? null : expect.closeTo(score, 6))),
    );
    expect(Array.from(given)).toEqual(logits);
  });

  it("change nothing by default", () => {
    const scores = Float32Array.of(1, -2, 3);
    expect(applyScoreRules(scores, { tokens: [0, 0, 0], made: 2 }, { stopTokens: [1] })).toBe(
      scores,
    );
  });

  it.each([
    [{ repetitionPenalty: 0 }, "generate: repetitionPenalty must be above 0; got 0"],
    [
      { noRepeatNgramSize: -1 },
      "generate: noRepeatNgramSize must be a whole number from 0; got -1",
    ],
    [{ minNewTokens: 1.5 }, "generate: minNewTokens must be a whole number from 0; got 1.5"],
  ])("%j are refused", (rules, message) => {
    expect(() => checkScoreRules(rules)).toThrow(new UsageError(message));
  });
});

describe("greedy decoding under rules", () => {
  it.each(golden.ruled)("$options continues as transformers does", async (row) => {
    const prompts = row.prompts.map((ids) => Int32Array.from(ids));
    const made = await complete(decoder, prompts, row.options);
    expect(made.map((tokens) => Array.from(tokens))).toEqual(row.sequences);
  });

  it("does not depend on the batch", async () => {
    for (const { options } of golden.ruled) {
      const text = JSON.stringify(options);
      const same = golden.ruled.filter((row) => JSON.stringify(row.options) === text);
      const prompts = same.flatMap((row) => row.prompts.map((ids) => Int32Array.from(ids)));
      const made = await complete(decoder, prompts, options);
      expect(made).toHaveLength(3);
      expect(made.map((tokens) => Array.from(tokens))).toEqual(
        same.flatMap((row) => row.sequences),
      );
    }
  });
});
