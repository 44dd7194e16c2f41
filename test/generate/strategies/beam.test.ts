/** Beam search against transformers' `generate`. */

import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { beamSearch } from "../../../src/generate/index.ts";
import { golden, randomPrompts, setUp } from "../support.ts";

const { decoder } = setUp();
afterAll(() => decoder.release());

const arrays = (prompts: readonly (readonly number[])[]) =>
  prompts.map((ids) => Int32Array.from(ids));

describe("beam search", () => {
  it.each(golden.searches)("$options finds what transformers finds", async (row) => {
    const { options, prompts, sequences, scores } = row;
    const found = (await beamSearch(decoder, arrays(prompts), options)).flat();
    expect(found.map(({ tokens }) => Array.from(tokens))).toEqual(sequences);
    expect(found.map(({ score }) => score)).toEqual(
      scores.map((score) => expect.closeTo(score, Math.abs(score) > 10 ? 3 : 4)),
    );
  });

  it("does not depend on batches", async () => {
    const options = { beams: 3, maxNewTokens: 12, stopTokens: [13], returns: 3 };
    const prompts = randomPrompts([9, 2, 30, 5, 14, 2, 21], 12);
    const together = await beamSearch(decoder, prompts, options);
    const alone = await beamSearch(decoder, prompts, { ...options, batchSize: 1 });
    const tokens = (found: typeof together) => found.map((each) => each.map((h) => [...h.tokens]));
    expect(tokens(together)).toEqual(tokens(alone));
    expect(
      new Set(
        tokens(alone)
          .flat(1)
          .map(({ length }) => length),
      ).size,
    ).toBeGreaterThan(3);
  });
});

describe("the end of a search", () => {
  it("is a full context", async () => {
    const found = await beamSearch(decoder, randomPrompts([90, 96], 4), {
      beams: 2,
      maxNewTokens: 20,
    });
    expect(found.map(([best]) => best?.tokens.length)).toEqual([6, 0]);
  });

  it("is what the caller says, with the token that says it", async () => {
    const [prompt] = arrays(golden.searches[0]?.prompts ?? []);
    const [found = []] = await beamSearch(decoder, [prompt ?? new Int32Array()], {
      beams: 3,
      returns: 3,
      maxNewTokens: 12,
      isLast: (tokens) => tokens.length === 4,
    });
    expect(found.map(({ tokens }) => tokens.length)).toEqual([4, 4, 4]);
    expect(
      await beamSearch(decoder, [prompt ?? new Int32Array()], {
        beams: 3,
        returns: 3,
        maxNewTokens: 4,
      }),
    ).toEqual([found]);
  });

  it("is the signal, with its reason", async () => {
    const signal = AbortSignal.abort();
    const found = beamSearch(decoder, randomPrompts([4], 1), { beams: 2, signal });
    await expect(found).rejects.toMatchObject({ name: "AbortError" });
  });
});

it.each([
  [{ beams: 0 }, "beam search: beams must be a whole number from 1; got 0"],
  [{ beams: 2, returns: 3 }, "beam search: returns must be from 1 to 2; got 3"],
  [{ beams: 2, lengthPenalty: Number.NaN }, "beam search: lengthPenalty must be a number; got NaN"],
  [{ beams: 2, batchSize: 0 }, "generate: batchSize must be a whole number from 1; got 0"],
  [{ beams: 2, minNewTokens: -1 }, "generate: minNewTokens must be a whole number from 0; got -1"],
])("%j is refused", async (options, message) => {
  await expect(beamSearch(decoder, randomPrompts([3], 1), options)).rejects.toThrow(
    new UsageError(message),
  );
});
