/** Texts against the tokens that `complete` and `beamSearch` make. */

import { afterAll, describe, expect, it } from "vitest";
import {
  beamSearch,
  complete,
  completeText,
  type CompleteTextOptions,
  generateText,
  type TextOptions,
} from "../../src/generate/index.ts";
import { pieces, randomPrompts, setUp } from "./support.ts";

const { decoder, model } = setUp();
afterAll(() => decoder.release());
const text = { decoder, model, tokenizer: pieces };
const prompts = randomPrompts([3, 17, 1, 9, 30], 15);

/** The texts of `generateText`, put together, and how many pieces they came in. */
async function stream(options: TextOptions) {
  const texts = prompts.map(() => "");
  let count = 0;
  for await (const { sequence, text: piece } of generateText(text, prompts, options)) {
    texts[sequence] += piece;
    count += 1;
  }
  return { texts, count };
}

const before = (whole: string, stop: string) => whole.split(stop)[0] ?? "";

describe.each<[string, TextOptions]>([
  ["greedy", { maxNewTokens: 20 }],
  ["sampled", { maxNewTokens: 20, temperature: 1.5, seed: 3 }],
])("%s text", (_, options) => {
  it("is that of the tokens", async () => {
    const tokens = await complete(decoder, prompts, options);
    const expected = tokens.map((ids) => pieces.decode(ids));
    const { texts, count } = await stream(options);
    expect(texts).toEqual(expected);
    expect(count).toBeGreaterThan(20);
    const completed = await completeText(text, prompts, { ...options, batchSize: 2 });
    expect(completed).toEqual(expected.map((each) => ({ text: each })));
  });

  it("ends before a stop string, each in its own place", async () => {
    const tokens = await complete(decoder, prompts, options);
    const stopStrings = ["bab\n", "aabab"];
    const expected = tokens.map((ids) => {
      const whole = pieces.decode(ids);
      return [before(whole, "bab\n"), before(whole, "aabab")].toSorted(
        (a, b) => a.length - b.length,
      )[0];
    });
    expect(new Set(expected.map((each) => each?.length)).size).toBeGreaterThan(2);
    expect((await stream({ ...options, stopStrings })).texts).toEqual(expected);
    const completed = await completeText(text, prompts, { ...options, stopStrings, batchSize: 2 });
    expect(completed.map((each) => each.text)).toEqual(expected);
  });
});

it("makes no more tokens after a stop string", async () => {
  const [prompt = new Int32Array()] = prompts;
  const [tokens = new Int32Array()] = await complete(decoder, [prompt], { maxNewTokens: 20 });
  const stop = pieces.decode(tokens).slice(8, 14);
  const stopStrings = [stop];
  const isStopped = (count: number) => pieces.decode(tokens.subarray(0, count)).includes(stop);
  const needed = [...tokens.keys()].findIndex((i) => isStopped(i + 1)) + 1;
  expect(needed).toBeGreaterThan(1);
  let runs = 0;
  const counting = {
    ...text,
    decoder: {
      ...decoder,
      open: async (opened: readonly Int32Array[]) => {
        const { first, append, select, release } = await decoder.open(opened);
        const counted: typeof append = (ids) => {
          runs += 1;
          return append(ids);
        };
        return { first, lengths: [], append: counted, select, release };
      },
    },
  };
  for await (const _ of generateText(counting, [prompt], { maxNewTokens: 20, stopStrings }));
  expect(runs).toBe(needed);
  await completeText(counting, [prompt], { maxNewTokens: 20, stopStrings });
  expect(runs).toBe(2 * needed);
});

describe("text that a beam search finds", () => {
  const options: CompleteTextOptions = { maxNewTokens: 16, beams: 3, stopTokens: [13] };

  it("is that of the tokens, with their score", async () => {
    const found = await beamSearch(decoder, prompts, { ...options, beams: 3 });
    expect(await completeText(text, prompts, options)).toEqual(
      found.map(([best]) => ({ text: pieces.decode(best?.tokens ?? []), score: best?.score })),
    );
  });

  it("ends before a stop string, and is then a hypothesis", async () => {
    const stopStrings = ["bab"];
    const found = await beamSearch(decoder, prompts, {
      ...options,
      beams: 3,
      isLast: (tokens) => pieces.decode(tokens).includes("bab"),
    });
    const expected = found.map(([best]) => ({
      text: before(pieces.decode(best?.tokens ?? []), "bab"),
      score: best?.score,
    }));
    expect(await completeText(text, prompts, { ...options, stopStrings })).toEqual(expected);
    expect(expected).not.toEqual(await completeText(text, prompts, options));
  });

  it.each([
    [
      { beams: 2, temperature: 0.5 },
      "generate: beams are the likeliest texts and not sampled; got temperature 0.5",
    ],
    [{ beams: 0 }, "beam search: beams must be a whole number from 1; got 0"],
  ])("is refused with %j", async (wrong, message) => {
    const made = completeText(text, prompts, wrong);
    await expect(made).rejects.toMatchObject({ message, name: "UsageError" });
  });
});

it("reads prompts that are texts", async () => {
  const [made] = await completeText(text, ["ab"], { maxNewTokens: 5 });
  const [tokens = []] = await complete(decoder, [pieces.encodePrompt("ab")], { maxNewTokens: 5 });
  expect(made?.text).toBe(pieces.decode(tokens));
});
