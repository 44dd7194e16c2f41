/** Decoding with a cache against the whole sequence read at once, and against transformers. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GraphError, UsageError } from "../../../src/errors.ts";
import { createDecoder, type Decoder } from "../../../src/generate/index.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { drawnModel } from "../../predict/support.ts";
import { fullLogits, golden, maxDifference, randomPrompts, setUp } from "../support.ts";
import { loadWeights, readConfig } from "../../support/on-node.ts";

const CHECKPOINTS = "../shared/data/checkpoints/tiny_random_gpt2";

/** Logits are of the order of 5; float32 and another order of summation leave 1e-5. */
const TOLERANCE = 1e-4;

/** Feeds sequences `chunk` tokens at a time; the logits after each call, per sequence that read. */
async function feed(
  decoder: Decoder,
  sequences: readonly Int32Array[],
  chunks: readonly (readonly number[])[],
): Promise<{ row: number; length: number; logits: Float32Array }[]> {
  const decoding = await decoder.open(sequences);
  const results = [];
  for (const counts of chunks) {
    const tokens = sequences.map((ids, row) => {
      const start = decoding.lengths[row] ?? 0;
      return ids.subarray(start, start + (counts[row] ?? 0));
    });
    const logits = await decoding.append(tokens);
    for (const [row, { length }] of tokens.entries()) {
      if (length === 0) continue;
      const size = decoder.vocabularySize;
      results.push({
        row,
        length: decoding.lengths[row] ?? 0,
        logits: logits.slice(row * size, (row + 1) * size),
      });
    }
  }
  return results;
}

const singles = (rows: number, count: number) =>
  Array.from({ length: count }, () => Array.from({ length: rows }, () => 1));

/** Counts that are written per sequence, per call. */
const columns = (...rows: readonly (readonly number[])[]) =>
  (rows[0] ?? []).map((_, call) => rows.map((counts) => counts[call] ?? 0));

describe("a decoder", () => {
  const cases: readonly [string, readonly (readonly number[])[], number?][] = [
    ["one sequence, token by token, through three sizes of the cache", singles(1, 90)],
    ["a prompt and single tokens, up to the full context", [[60], ...singles(1, 36)]],
    ["prompts of unequal length", [[3, 29, 17, 1], ...singles(4, 20)]],
    ["a prompt that is read in several runs", [[70]], 16],
    ["prompts that are read in several runs of an odd size", [[40, 3, 64]], 33],
    ["sequences that rest", columns([4, 0, 1, 1, 0], [0, 9, 1, 0, 1], [30, 2, 0, 40, 1])],
    ["more tokens after a prompt", columns([5, 20, 1], [40, 11, 1])],
    ["one token per run", columns([5, 1], [3, 1]), 1],
  ];

  it.each(cases)("agrees with the full forward pass: %s", async (_, chunks, tokensPerRun) => {
    const setup = setUp(tokensPerRun === undefined ? {} : { tokensPerRun });
    const lengths = (chunks[0] ?? []).map((__, row) =>
      chunks.reduce((sum, counts) => sum + (counts[row] ?? 0), 0),
    );
    const sequences = randomPrompts(lengths, 5);
    const expected = await Promise.all(sequences.map((ids) => fullLogits(setup, ids)));
    const size = setup.model.vocabularySize;
    for (const { row, length, logits } of await feed(setup.decoder, sequences, chunks)) {
      const reference = expected[row]?.subarray((length - 1) * size, length * size) ?? [];
      expect(maxDifference(logits, reference), `row ${row}, ${length} tokens`).toBeLessThan(
        TOLERANCE,
      );
    }
    await setup.decoder.release();
  });

  it("agrees with transformers after the last token of every continuation", async () => {
    const { decoder } = setUp();
    const sequences = golden.continuations.map(({ prompt, tokens }) =>
      Int32Array.of(...prompt, ...tokens.slice(0, -1)),
    );
    const results = await feed(decoder, sequences, [sequences.map((ids) => ids.length)]);
    for (const { row, logits } of results) {
      const reference = golden.continuations[row]?.lastLogits ?? [];
      expect(maxDifference(logits, reference)).toBeLessThan(TOLERANCE);
    }
    await decoder.release();
  });

  it("keeps two batches apart", async () => {
    const { decoder } = setUp();
    const [a, b] = randomPrompts([12, 12], 8);
    if (!a || !b) throw new Error("two prompts expected");
    const alone = (await (await decoder.open([a])).append([a])).slice();
    const [first, second] = [await decoder.open([a]), await decoder.open([b])];
    const [logits] = await Promise.all([first.append([a]), second.append([b])]);
    expect(logits).toEqual(alone);
    await decoder.release();
  });

  it("reads weights that change between runs", async () => {
    const { decoder, weights } = setUp();
    const [ids] = randomPrompts([9], 4);
    if (!ids) throw new Error("a prompt expected");
    const before = (await (await decoder.open([ids])).append([ids])).slice();
    for (const name of ["ln_f.weight", "ln_f.bias"]) {
      weights.get(name)?.write((elements) => new Uint8Array(elements.buffer).fill(0));
    }
    const after = await (await decoder.open([ids])).append([ids]);
    expect(before.every((logit) => logit === 0)).toBe(false);
    expect(after.every((logit) => logit === 0)).toBe(true);
    await decoder.release();
  });

  it.each([
    ["as many sequences as were opened", [[1], [2], [3]], "decoder: expected 2 sequences; got 3"],
    ["something to read", [[], []], "decoder: no tokens to read"],
    ["known tokens", [[1], [61]], "decoder: token must be below 61; got 61"],
    ["tokens from 0", [[-1], [2]], "decoder: token must be below 61; got -1"],
    [
      "room in the context",
      [[1], Array.from({ length: 97 }, () => 1)],
      "decoder: the context holds 96 tokens; got 97",
    ],
  ])("wants %s", async (_, tokens, message) => {
    const decoding = await setUp().decoder.open(randomPrompts([1, 1], 3));
    const appended = decoding.append(tokens.map((ids) => Int32Array.from(ids)));
    await expect(appended).rejects.toThrow(new UsageError(message));
  });

  it("wants all weights", () => {
    const { model, runtime, weights } = setUp();
    const partial = new Map([...weights].filter(([name]) => name !== "h.1.ln_2.bias"));
    expect(() => createDecoder(model, runtime, partial)).toThrow(
      new GraphError('decoder: no weight "h.1.ln_2.bias"'),
    );
  });

  it("wants a model that writes", () => {
    const { runtime } = setUp();
    const { model, weights } = drawnModel({ architectures: ["BertModel"] });
    expect(() => createDecoder(model, runtime, weights)).toThrow(
      expect.objectContaining({
        message: "decoder: the model must be one that writes text; got bert",
        hint: "flora classify and flora embed are for models that read alone",
      }),
    );
  });
});

describe("a checkpoint", () => {
  it.skipIf(!existsSync(CHECKPOINTS)).each(["fake_gpt2", "tiny_gpt2"])(
    "%s decodes as it reads (skipped without ../shared/data)",
    async (name) => {
      const folder = join(CHECKPOINTS, name);
      const model = gpt2(await readConfig(folder));
      const shapes = new Map([...model.params].map(([param, { shape }]) => [param, shape]));
      const tensors = await loadWeights(folder, shapes, model.checkpoint);
      const { runtime } = setUp();
      const weights = new Map([...tensors].map(([param, t]) => [param, runtime.adopt(t)]));
      const decoder = createDecoder(model, runtime, weights);
      const ids = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3);
      const expected = await fullLogits({ model, runtime, weights }, ids);
      const size = model.vocabularySize;
      for (const { length, logits } of await feed(decoder, [ids], [[4], ...singles(1, 6)])) {
        const reference = expected.subarray((length - 1) * size, length * size);
        expect(maxDifference(logits, reference)).toBeLessThan(TOLERANCE);
      }
      await decoder.release();
    },
  );
});
