import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairSequence, pairSequences, promptIds, textWindows } from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { byteTokenizer, type Tokenizer } from "../../../src/text/index.ts";

const END = 256;
const tokenizer = byteTokenizer();
/** As Llama's, which puts one before a text. */
const START = 300;
const starting: Tokenizer = {
  ...tokenizer,
  startOfText: START,
  encodePrompt: (text) => Int32Array.of(START, ...tokenizer.encode(text)),
};
const endless: Tokenizer = { ...tokenizer, name: "endless", endOfText: undefined };
const bytes = (text: string) => [...new TextEncoder().encode(text)];

const texts = (sequences: readonly { readonly ids: Int32Array }[]) =>
  sequences.map(({ ids }) => tokenizer.decode(ids));

describe("pairSequence", () => {
  it("is prompt, target and end of text, with the loss on what follows the prompt", () => {
    const pair = { source: "ä", target: "bc" };
    const { ids, lossFrom } = pairSequence(tokenizer, pair, { prefix: "de: ", suffix: "\n" });
    expect([...ids]).toEqual([...bytes("de: ä\nbc"), END]);
    expect(lossFrom).toBe(bytes("de: ä\n").length);
    expect([...promptIds(tokenizer, "ä", { prefix: "de: ", suffix: "\n" })]).toEqual([
      ...ids.subarray(0, lossFrom),
    ]);
  });

  it("begins as the tokenizer begins prompts", () => {
    const pair = { source: "a", target: "b" };
    const { ids, lossFrom } = pairSequence(starting, pair, { prefix: "", suffix: ">" });
    expect([...ids]).toEqual([START, ...bytes("a>b"), END]);
    expect(lossFrom).toBe(3);
  });

  it.each([
    ["what follows the line break", "\n", tokenizer, [...bytes("\nab"), END], 1],
    ["what follows its first token", "", tokenizer, [...bytes("ab"), END], 1],
    ["all of it, where prompts begin with a token", "", starting, [START, ...bytes("ab"), END], 1],
  ])("teaches of a target without a source %s", (_, suffix, which, ids, lossFrom) => {
    const made = pairSequence(which, { source: "", target: "ab" }, { prefix: "", suffix });
    expect([...made.ids]).toEqual(ids);
    expect(made.lossFrom).toBe(lossFrom);
  });

  it("refuses a tokenizer without an end of text", () => {
    const pair = { source: "", target: "a" };
    expect(() => pairSequence(endless, pair, { prefix: "", suffix: "\n" })).toThrow(UsageError);
  });
});

describe("pairSequences", () => {
  const pairs = [
    { source: "aaaa", target: "b" }, // 4 + 1 + 1 + 1 tokens, of which a model sees 6
    { source: "aaaaaaaa", target: "bb" }, // 8 + 1 + 2 + 1, 11
    { source: "ää€€", target: "b" }, // 10 + 1 + 1 + 1, 12
  ];
  const template = { prefix: "", suffix: ">" };
  it("keeps what just fits", () => {
    const { sequences, ...counts } = pairSequences(tokenizer, pairs, {
      ...template,
      contextLength: 12,
    });
    expect(texts(sequences)).toEqual(["aaaa>b", "aaaaaaaa>bb", "ää€€>b"]);
    expect(counts).toEqual({ dropped: 0, truncated: 0, empty: 0 });
  });

  it("says how many are too long and what to do", () => {
    const options = { ...template, contextLength: 10 };
    expect(() => pairSequences(tokenizer, pairs, options)).toThrow(
      expect.objectContaining({
        message: "pairs: 2 of 3 are longer than the context of 10 tokens; got up to 12",
        hint: 'set tooLong to "truncate" or "drop", or, if the model allows it, contextLength to 12',
      }),
    );
  });

  it("drops what is too long", () => {
    const options = { ...template, contextLength: 11, tooLong: "drop" } as const;
    const { sequences, ...counts } = pairSequences(tokenizer, pairs, options);
    expect(texts(sequences)).toEqual(["aaaa>b", "aaaaaaaa>bb"]);
    expect(counts).toEqual({ places: [0, 1], dropped: 1, truncated: 0, empty: 0 });
  });

  it("drops everything, if all is too long", () => {
    const options = { ...template, contextLength: 5, tooLong: "drop" } as const;
    expect(pairSequences(tokenizer, pairs, options)).toMatchObject({ sequences: [], dropped: 3 });
  });

  it("cuts sources at whole characters", () => {
    const options = { ...template, contextLength: 8, tooLong: "truncate" } as const;
    const { sequences, ...counts } = pairSequences(tokenizer, pairs, options);
    expect(texts(sequences)).toEqual(["aaaa>b", "aaaaa>bb", "ää>b"]);
    expect(sequences.map(({ lossFrom }) => lossFrom)).toEqual([5, 6, 5]);
    expect(counts).toEqual({ dropped: 0, truncated: 2, empty: 0 });
  });

  it("refuses to cut a target", () => {
    const options = { ...template, contextLength: 2, tooLong: "truncate" } as const;
    expect(() => pairSequences(tokenizer, pairs, options)).toThrow(
      "pairs: 3 of 3 are longer than the context of 2 tokens; got up to 4",
    );
  });

  it("cuts to the longest source that fits", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 1 }),
        fc.integer({ min: 5, max: 30 }),
        (source, contextLength) => {
          const options = { ...template, contextLength, tooLong: "truncate" } as const;
          const { sequences } = pairSequences(tokenizer, [{ source, target: "" }], options);
          const kept = tokenizer.decode(sequences[0]?.ids ?? []).slice(0, -1);
          expect(source.startsWith(kept)).toBe(true);
          const next = Array.from(source.slice(kept.length))[0] ?? "";
          const room = contextLength - 1 - bytes(kept).length;
          expect(room).toBeGreaterThanOrEqual(0);
          if (next !== "") expect(bytes(next).length).toBeGreaterThan(room);
        },
      ),
    );
  });
});

describe("textWindows", () => {
  it.each([
    [
      7,
      3,
      [
        [0, 1, 2, 3],
        [3, 4, 5, 6],
      ],
    ],
    [
      8,
      3,
      [
        [0, 1, 2, 3],
        [3, 4, 5, 6],
        [6, 7],
      ],
    ],
    [3, 5, [[0, 1, 2]]],
    [1, 5, []],
    [0, 5, []],
  ])("cuts %d tokens into windows of %d targets", (length, contextLength, expected) => {
    const tokens = Int32Array.from({ length }, (_, i) => i);
    const windows = textWindows(length, contextLength);
    expect(windows.map(([start, end]) => [...tokens.subarray(start, end)])).toEqual(expected);
  });
});
