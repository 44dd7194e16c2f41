/** What encoder-decoder models are trained on: layout by hand, order and coverage as properties. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Batch,
  seq2seqBatches,
  seq2seqEvaluationBatches,
  seq2seqLengths,
  type Seq2seqOptions,
  type Seq2seqSequence,
  seq2seqSequences,
} from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { randomKey } from "../../../src/random/key.ts";
import { int32 } from "../../../src/tensor/host-tensor.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { needsData } from "../../support/data.ts";
import { loadTokenizer } from "../../support/on-node.ts";
import { directoryOf, smallT5 } from "../../support/small-tokenizers.ts";

const END = 256;
const tokenizer = byteTokenizer();
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const plain = { prefix: "", suffix: "", contextLength: 100 };

describe("seq2seqSequences", () => {
  it("end both sides, and put the source between prefix and suffix", () => {
    const pairs = [{ source: "ä", target: "bc" }];
    const options = { ...plain, prefix: "de: ", suffix: "!" };
    const { sequences } = seq2seqSequences(tokenizer, pairs, options);
    expect(sequences.map(({ source, target }) => [[...source], [...target]])).toEqual([
      [
        [...bytes("de: ä!"), END],
        [...bytes("bc"), END],
      ],
    ]);
  });

  const pairs = [
    { source: "aaaa", target: "b" }, // 5 and 2 tokens
    { source: "aaaaaaaa", target: "bb" }, // 9 and 3
    { source: "a", target: "bbbbbb" }, // 2 and 7
  ];
  const kept = (options: Parameters<typeof seq2seqSequences>[2]) => {
    const { sequences, ...counts } = seq2seqSequences(tokenizer, pairs, options);
    const text = (ids: Int32Array) => tokenizer.decode(ids);
    return {
      ...counts,
      texts: sequences.map(({ source, target }) => `${text(source)}>${text(target)}`),
    };
  };

  it("limit sources and targets alike", () => {
    expect(kept({ ...plain, contextLength: 9 }).texts).toHaveLength(3);
    expect(() => kept({ ...plain, contextLength: 6 })).toThrow(
      "pairs: 2 of 3 are longer than the context of 6 tokens; got up to 9",
    );
    expect(kept({ ...plain, contextLength: 6, tooLong: "drop" })).toEqual({
      texts: ["aaaa>b"],
      places: [0],
      dropped: 2,
      truncated: 0,
      empty: 0,
    });
  });

  it("cut sources, and never targets", () => {
    expect(kept({ ...plain, contextLength: 7, tooLong: "truncate" })).toEqual({
      texts: ["aaaa>b", "aaaaaa>bb", "a>bbbbbb"],
      dropped: 0,
      truncated: 1,
      empty: 0,
    });
    expect(() => kept({ ...plain, contextLength: 6, tooLong: "truncate" })).toThrow(
      "pairs: 1 of 3 are longer than the context of 6 tokens; got up to 7",
    );
  });

  it("need an end of text", () => {
    const endless = { ...tokenizer, name: "endless", endOfText: undefined };
    expect(() => seq2seqSequences(endless, pairs, plain)).toThrow("no end-of-text token");
  });
});

const T5 = "../shared/data/tokenizers/t5";

it("ends both sides as a small T5's own tokenizer does", async () => {
  const small = await loadTokenizer(directoryOf(smallT5));
  const pairs = smallT5.texts.map(({ text }) => ({ source: text, target: text }));
  const { sequences } = seq2seqSequences(small, pairs, { ...plain, contextLength: 512 });
  for (const [i, { source, target }] of sequences.entries()) {
    const expected = smallT5.texts[i]?.ids;
    expect([...source]).toEqual(expected);
    expect([...target]).toEqual(expected);
  }
  expect(sequences).toHaveLength(pairs.length);
});

it("ends a source as T5's own tokenizer does", needsData(T5), async () => {
  // The numbers of transformers, from a repository that tests with them; SOURCE.txt beside them names it.
  const expected: { readonly text: string; readonly token_ids: readonly number[] } = JSON.parse(
    readFileSync(join(T5, "expected_t5_base_encoded.json"), "utf8"),
  );
  const pairs = [{ source: expected.text, target: "" }];
  const options = { ...plain, contextLength: 512 };
  const { sequences } = seq2seqSequences(await loadTokenizer(T5), pairs, options);
  expect([...(sequences[0]?.source ?? [])]).toEqual(expected.token_ids);
});

const sequence = (source: readonly number[], target: readonly number[]): Seq2seqSequence => ({
  source: Int32Array.from(source),
  target: Int32Array.from(target),
});

const options: Seq2seqOptions = {
  batchSize: 2,
  pad: -1,
  start: -2,
  sourceMultiple: 4,
  targetMultiple: 3,
  contextLength: 1000,
};

it("lays out both sides, their padding and the mask", () => {
  const sequences = [sequence([1, 2, 3, 4, 5], [6, 7]), sequence([8], [9, 10, 11])];
  const [batch, ...others] = seq2seqEvaluationBatches(sequences, { ...options, batchSize: 3 });
  expect(others).toEqual([]);
  const [p, s] = [-1, -2];
  expect(batch).toEqual({
    size: 3,
    inputs: {
      // The shorter source comes first.
      ids: int32(
        [3, 8],
        Int32Array.of(8, p, p, p, p, p, p, p, 1, 2, 3, 4, 5, p, p, p, p, p, p, p, p, p, p, p),
      ),
      attentionMask: int32(
        [3, 8],
        Int32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      ),
      decoderIds: int32([3, 3], Int32Array.of(s, 9, 10, s, 6, p, p, p, p)),
    },
    targets: Int32Array.of(9, 10, 11, 6, 7, p, p, p, p),
    weights: Float32Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0),
    tokens: 6 + 5,
    lossTokens: 5,
  });
});

it("does not round beyond the context", () => {
  const lengths = seq2seqLengths([sequence([1, 2, 3, 4, 5], [6, 7])], {
    ...options,
    contextLength: 6,
  });
  expect(lengths).toEqual({ source: 6, target: 3 });
});

describe("an epoch", () => {
  const sizes = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 9 })),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  /** No token occurs twice. */
  function sequencesOf(lengths: readonly (readonly [number, number])[]): Seq2seqSequence[] {
    let next = 0;
    const fresh = (length: number) => Array.from({ length }, () => next++);
    return lengths.map(([source, target]) => sequence(fresh(source), fresh(target)));
  }
  const rows = ({ shape, data }: { shape: readonly number[]; data: unknown }) => {
    const [count = 0, length = 0] = shape;
    const numbers = data instanceof Int32Array ? data : new Int32Array();
    return Array.from({ length: count }, (_, row) =>
      numbers.slice(row * length, (row + 1) * length).filter((id) => id >= 0),
    );
  };
  /** The pairs of a batch, without rows of padding. */
  function pairsOf({ inputs, targets, size }: Batch): (readonly [string, string])[] {
    const { ids = int32([0, 0], new Int32Array()) } = inputs;
    const sources = rows(ids).map((row) => row.join());
    const answers = rows({ shape: [size, targets.length / size], data: targets });
    return sources
      .map((source, i) => [source, answers[i]?.join() ?? ""] as const)
      .filter(([source]) => source !== "");
  }
  const batchesOf = (sequences: readonly Seq2seqSequence[], seed: number, epoch = 0) => {
    const source = seq2seqBatches(sequences, { ...options, batchSize: 7, key: randomKey(seed) });
    return Array.from({ length: source.batchesPerEpoch }, (_, i) =>
      source.batchAt(epoch * source.batchesPerEpoch + i),
    );
  };

  it("takes every pair once, and keeps its sides together", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 3 }), (lengths, epoch) => {
        const sequences = sequencesOf(lengths);
        const pairs = batchesOf(sequences, 5, epoch).flatMap(pairsOf);
        const expected = sequences.map(
          ({ source, target }) => [source.join(), target.join()] as const,
        );
        expect(pairs).toHaveLength(expected.length);
        expect(new Map(pairs)).toEqual(new Map(expected));
      }),
    );
  });

  it("is in another order each time, the same for the same key", () => {
    const sequences = sequencesOf(
      Array.from({ length: 100 }, (_, i) => [1 + (i % 20), 2] as const),
    );
    const order = (seed: number, epoch: number) =>
      batchesOf(sequences, seed, epoch).flatMap(pairsOf).join(" ");
    expect(order(1, 0)).toBe(order(1, 0));
    expect(new Set([order(1, 0), order(1, 1), order(2, 0)]).size).toBe(3);
  });

  it("puts pairs of similar lengths together", () => {
    const sequences = sequencesOf(
      Array.from({ length: 280 }, (_, i) => [1 + ((i * 7) % 30), 1 + (i % 9)] as const),
    );
    const filled = batchesOf(sequences, 3).map(
      ({ tokens, inputs: { ids, decoderIds } }) =>
        tokens / ((ids?.data.length ?? 0) + (decoderIds?.data.length ?? 0)),
    );
    // Together at random they would fill 0.55 of their arrays.
    expect(filled.reduce((sum, share) => sum + share, 0) / filled.length).toBeGreaterThan(0.8);
  });
});

it("needs sequences", () => {
  expect(() => seq2seqBatches([], { ...options, key: randomKey(1) })).toThrow(UsageError);
  expect(() => [...seq2seqEvaluationBatches([], options)]).toThrow(UsageError);
});
