/** Continuations against transformers' `generate`; when they end; what sampling depends on. */

import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import {
  complete,
  type Decoder,
  generate,
  type GeneratedToken,
  type GenerateOptions,
  greedy,
} from "../../../src/generate/index.ts";
import { fullLogits, golden, randomPrompts, setUp } from "../support.ts";

const setup = setUp();
const { decoder } = setup;
afterAll(() => decoder.release());

async function collect(
  prompts: readonly Int32Array[],
  options: GenerateOptions,
): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = [];
  for await (const token of generate(decoder, prompts, options)) tokens.push(token);
  return tokens;
}

/** The decoder with its calls of `append` counted. */
function counted(): { readonly decoder: Decoder; readonly calls: () => number } {
  let calls = 0;
  const open: Decoder["open"] = async (opened) => {
    const decoding = await decoder.open(opened);
    return {
      ...decoding,
      get lengths() {
        return decoding.lengths;
      },
      append(tokens) {
        calls += 1;
        return decoding.append(tokens);
      },
    };
  };
  return { decoder: { ...decoder, open }, calls: () => calls };
}

describe("greedy decoding", () => {
  const prompts = golden.continuations.map(({ prompt }) => Int32Array.from(prompt));
  const expected = golden.continuations.map(({ tokens }) => tokens);

  it.each([1, 2, 5, 32])("continues as transformers does, in batches of %i", async (batchSize) => {
    const made = await complete(decoder, prompts, { maxNewTokens: 40, batchSize });
    expect(made.map((tokens) => Array.from(tokens))).toEqual(expected);
  });

  it("takes the largest logit of the sequence read anew at every step", async () => {
    const [prompt] = randomPrompts([7], 21);
    if (!prompt) throw new Error("a prompt expected");
    const made = await collect([prompt], { maxNewTokens: 12 });
    let ids = prompt;
    for (const { token } of made) {
      const logits = await fullLogits(setup, ids);
      expect(token).toBe(greedy(logits.subarray(-decoder.vocabularySize)));
      ids = Int32Array.of(...ids, token);
    }
    expect(made).toHaveLength(12);
  });

  it("streams: one token of every sequence, then the next", async () => {
    const made = await collect(prompts.slice(0, 2), { maxNewTokens: 3 });
    const order = [0, 1, 2].flatMap((i) =>
      [0, 1].map((sequence) => ({ sequence, token: expected[sequence]?.[i] })),
    );
    expect(made).toEqual(order);
  });
});

describe("the end of a sequence", () => {
  const prompts = randomPrompts([90, 3, 96], 4);

  it("is a full context", async () => {
    const made = await complete(decoder, prompts, { maxNewTokens: 20 });
    expect(made.map(({ length }) => length)).toEqual([6, 20, 0]);
  });

  it("is the stop token, which is not emitted, while others go on", async () => {
    const some = golden.continuations.slice(1, 4);
    const ids = some.map(({ prompt }) => Int32Array.from(prompt));
    const stopToken = some[0]?.tokens[3] ?? 0;
    const made = await complete(decoder, ids, { maxNewTokens: 30, stopTokens: [stopToken] });
    const untilStop = some.map(({ tokens }) => {
      const first = tokens.slice(0, 30);
      return first.includes(stopToken) ? first.slice(0, first.indexOf(stopToken)) : first;
    });
    expect(made.map((tokens) => Array.from(tokens))).toEqual(untilStop);
    expect(new Set(untilStop.map(({ length }) => length)).size).toBeGreaterThan(1);
  });

  it("is maxNewTokens, and nothing is read after the last token", async () => {
    const { decoder: counting, calls } = counted();
    const made = await complete(counting, prompts.slice(1, 2), { maxNewTokens: 5 });
    expect(made.map(({ length }) => length)).toEqual([5]);
    expect(calls()).toBe(5);
  });

  it("is maxLength, which counts the prompt, unless there is maxNewTokens", async () => {
    const two = prompts.slice(0, 2);
    const lengths = async (options: GenerateOptions) =>
      (await complete(decoder, two, options)).map(({ length }) => length);
    expect(await lengths({ maxLength: 92 })).toEqual([2, 89]);
    expect(await lengths({ maxLength: 4, maxNewTokens: 3 })).toEqual([3, 3]);
    expect(await lengths({})).toEqual([6, 93]);
    await expect(lengths({ maxLength: 90 })).rejects.toThrow(
      "generate: maxLength leaves no room for a prompt of 90 tokens; got 90",
    );
  });

  it("is what the caller says, with the token that says it", async () => {
    const asked: GeneratedToken[] = [];
    const isLast = (made: GeneratedToken) => {
      asked.push(made);
      return made.sequence === 1 && asked.filter(({ sequence }) => sequence === 1).length === 2;
    };
    const made = await collect(prompts.slice(0, 2), { maxNewTokens: 4, isLast });
    expect(made).toEqual(asked);
    expect(made.map(({ sequence }) => sequence)).toEqual([0, 1, 0, 1, 0, 0]);
  });

  it("is at once where there are no prompts", async () => {
    expect(await complete(decoder, [], { maxNewTokens: 5 })).toEqual([]);
  });
});

describe("sampling", () => {
  const options = { maxNewTokens: 15, temperature: 1.2, topK: 20, topP: 0.95, seed: 9 };
  const prompts = randomPrompts([5, 20, 2, 11, 5], 6);

  it.each([1, 2, 3])("does not depend on batches, of %i", async (batchSize) => {
    const together = await complete(decoder, prompts, options);
    expect(await complete(decoder, prompts, { ...options, batchSize })).toEqual(together);
  });

  it("depends on the seed and on the sequence", async () => {
    const [prompt = new Int32Array()] = prompts;
    const [a, b] = await complete(decoder, [prompt, prompt], options);
    const [c] = await complete(decoder, [prompt], { ...options, seed: 10 });
    expect(a).not.toEqual(b);
    expect(a).not.toEqual(c);
  });

  it("does not depend on how prompts are split, if the first of each part is known", async () => {
    const whole = await complete(decoder, prompts, options);
    const rest = await complete(decoder, prompts.slice(3), { ...options, firstSequence: 3 });
    expect(rest).toEqual(whole.slice(3));
    expect(await complete(decoder, prompts.slice(3), options)).not.toEqual(rest);
  });

  it("depends on the position", async () => {
    // So hot that all tokens are almost equally likely, whatever came before.
    const hot = { maxNewTokens: 40, temperature: 1e6, seed: 9 };
    const [made] = await complete(decoder, prompts.slice(0, 1), hot);
    expect(new Set(made).size).toBeGreaterThan(15);
  });

  it("is greedy with one token to choose from", async () => {
    expect(await complete(decoder, prompts, { ...options, topK: 1 })).toEqual(
      await complete(decoder, prompts, { maxNewTokens: 15 }),
    );
  });
});

describe("the abort signal", () => {
  it("ends generation between two tokens, with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: GeneratedToken[] = [];
    const run = async () => {
      const options = { maxNewTokens: 20, signal: controller.signal };
      for await (const token of generate(decoder, randomPrompts([4], 1), options)) {
        seen.push(token);
        if (seen.length === 3) controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(seen).toHaveLength(3);
  });

  it("reads nothing when it has aborted before", async () => {
    const { decoder: counting, calls } = counted();
    const signal = AbortSignal.abort();
    const made = complete(counting, randomPrompts([4], 1), { maxNewTokens: 2, signal });
    await expect(made).rejects.toMatchObject({ name: "AbortError" });
    expect(calls()).toBe(0);
  });
});

describe("a request", () => {
  const ok = { maxNewTokens: 3 };
  const long = Int32Array.from({ length: 97 }, () => 1);

  it.each([
    [[[1], []], ok, "generate: prompt 1 is empty"],
    [[long], ok, "generate: prompt 0 does not fit the context of 96 tokens; got 97"],
    [[[1]], { maxNewTokens: 0 }, "generate: maxNewTokens must be a whole number from 1; got 0"],
    [[[1]], { maxLength: 1.5 }, "generate: maxLength must be a whole number from 1; got 1.5"],
    [
      [[1]],
      { ...ok, minNewTokens: -1 },
      "generate: minNewTokens must be a whole number from 0; got -1",
    ],
    [[[1]], { ...ok, temperature: -0.5 }, "sampling: temperature must be above 0; got -0.5"],
    [[[1]], { ...ok, topK: 0 }, "sampling: topK must be a whole number from 1; got 0"],
    [[[1]], { ...ok, topP: 0 }, "sampling: topP must be above 0 and at most 1; got 0"],
    [[[1]], { ...ok, batchSize: 0 }, "generate: batchSize must be a whole number from 1; got 0"],
  ])("is refused: %#", async (prompts, options, message) => {
    const made = complete(
      decoder,
      prompts.map((ids) => Int32Array.from(ids)),
      options,
    );
    await expect(made).rejects.toThrow(new UsageError(message));
  });

  it("is checked by `generate` too", async () => {
    await expect(collect([new Int32Array()], ok)).rejects.toThrow(UsageError);
  });
});
