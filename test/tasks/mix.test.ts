/** Data of several paths that are drawn from by weights: in an epoch of N examples, N w / Σ w of each. */

import { describe, expect, it } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import type { Model } from "../../src/models/model.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { randomKey } from "../../src/random/key.ts";
import { loadData } from "../../src/tasks/load.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { tokenizerOf } from "../../src/tasks/reading/tokenizer.ts";
import type { Tokenizer } from "../../src/text/index.ts";
import { bertTokenizer } from "../support/bert-tokenizer.ts";
import { nodeFiles, write } from "../support/files.ts";
import { bytes, bytesWithTemplate, causal, encoder, seq2seq } from "../support/task-models.ts";

type Row = Readonly<Record<string, unknown>>;

const TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}";
const withTemplate = bytesWithTemplate(TEMPLATE);

interface Case {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** A row whose text is of a letter alone. */
  readonly row: (letter: string, i: number) => Row;
  readonly options?: TrainOptions;
}

/** Words of one letter, of other lengths in each row. */
const words = (letter: string, i: number) => letter.repeat(1 + (i % 7));

const CASES: Readonly<Record<string, Case>> = {
  pairs: {
    model: causal,
    tokenizer: bytes,
    row: (letter, i) => ({ source: words(letter, i), target: letter }),
  },
  "pairs for an encoder and a decoder": {
    model: seq2seq,
    tokenizer: bytes,
    row: (letter, i) => ({ source: words(letter, i), target: letter }),
  },
  conversations: {
    model: causal,
    tokenizer: withTemplate,
    row: (letter, i) => ({
      messages: [
        { role: "user", content: "?" },
        { role: "assistant", content: letter + words(letter, i) },
      ],
    }),
  },
  "texts with labels": {
    model: encoder("BertForSequenceClassification"),
    tokenizer: bertTokenizer,
    row: (letter, i) => ({ text: words(letter, i), label: i % 2 === 0 ? "a" : "b" }),
  },
  "pairs that mean the same": {
    model: encoder("BertModel"),
    tokenizer: bertTokenizer,
    row: (letter, i) => ({ source: words(letter, i), target: letter }),
  },
};

const jsonl = (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

async function load({ model, tokenizer, options }: Case, more: TrainOptions) {
  const config = parseConfig({ model: "unread", batchSize: 1, ...options, ...more });
  const dataset = openDataset({ config, files: nodeFiles });
  const key = randomKey(3);
  return loadData({ config, dataset, tokenizer, model, contextLength: 32, key });
}

/** Which of two letters a batch of one row has. */
function letterIn({ inputs }: Batch, tokenizer: Tokenizer): string {
  const ids = Int32Array.from(inputs["ids"]?.data ?? [], Number);
  return /[ab]/.exec(tokenizer.decode(ids))?.[0] ?? "";
}

describe("an epoch", () => {
  it.each(Object.entries(CASES))("has as many of each path as it weighs: %s", async (_, each) => {
    const [a = "", b = "", held = ""] = await write({
      "a.jsonl": jsonl(Array.from({ length: 30 }, (__, i) => each.row("a", i))),
      "b.jsonl": jsonl(Array.from({ length: 6 }, (__, i) => each.row("b", i))),
      "held.jsonl": jsonl([each.row("a", 1), each.row("b", 2)]),
    });
    const lettersOf = async (options: TrainOptions) => {
      const { training } = await load(each, { train: [a, b], validation: held, ...options });
      expect(training.batchesPerEpoch).toBe(36);
      const drawn = Array.from({ length: 36 }, (__, i) =>
        letterIn(training.batchAt(36 + i), each.tokenizer),
      );
      return ["a", "b"].map((letter) => drawn.filter((other) => other === letter).length);
    };
    expect(await lettersOf({})).toEqual([30, 6]);
    expect(await lettersOf({ mix: [1, 1] })).toEqual([18, 18]);
    expect(await lettersOf({ mix: [1, 8] })).toEqual([4, 32]);
  });

  it("counts a folder as one path, and leaves out what is dropped", async () => {
    const row = (letter: string, i: number) => ({ source: words(letter, i), target: letter });
    const [a = ""] = await write({
      "a.jsonl": jsonl(Array.from({ length: 10 }, (_, i) => row("a", i))),
      "aa.jsonl": jsonl([
        { source: "a".repeat(99), target: "a" },
        ...[1, 2].map((i) => row("a", i)),
      ]),
    });
    const [b = ""] = await write({ "b.jsonl": jsonl([row("b", 1), row("b", 2)]) });
    const options = { train: [a.replace(/[^/]*$/, ""), b], mix: [1, 1], tooLong: "drop" } as const;
    const { training, description } = await load(
      { model: causal, tokenizer: bytes, row },
      { ...options, validation: b },
    );
    expect(description).toContain("14 pairs, 1 too long and left out");
    const drawn = Array.from({ length: 14 }, (_, i) => letterIn(training.batchAt(i), bytes));
    expect(drawn.filter((letter) => letter === "b")).toHaveLength(7);
  });
});

describe("windows of texts", () => {
  const texts = { "a.txt": "a ".repeat(2000), "b.txt": "b ".repeat(400) };

  it.each(["bytes", "bpe:258"])("are drawn by weights, with the tokenizer %s", async (name) => {
    const train = await write({
      "a.jsonl": jsonl([{ text: texts["a.txt"] }]),
      "b.jsonl": jsonl([{ text: texts["b.txt"] }]),
    });
    const options = { train, mix: [1, 3], tokenizer: name, model: {}, batchSize: 1 };
    const config = parseConfig(options);
    const dataset = openDataset({ config, files: nodeFiles });
    const tokenizer = (await tokenizerOf(nodeFiles, config, dataset)) ?? bytes;
    const { training } = await loadData({
      config,
      dataset,
      tokenizer,
      model: causal,
      contextLength: 32,
      key: randomKey(1),
    });
    const count = training.batchesPerEpoch;
    const drawn = Array.from({ length: count }, (_, i) => letterIn(training.batchAt(i), tokenizer));
    const share = drawn.filter((letter) => letter === "b").length / count;
    expect(count).toBeGreaterThan(30);
    expect(Math.abs(share - 0.75)).toBeLessThan(1 / count);
  });

  it("are drawn by weights where tokens are hidden in them", async () => {
    const files = await write({
      "a.jsonl": jsonl([{ text: texts["a.txt"] }]),
      "b.jsonl": jsonl([{ text: texts["b.txt"] }]),
    });
    const { training } = await load(
      { model: encoder("BertForMaskedLM"), tokenizer: bertTokenizer, row: () => ({}) },
      { train: files, mix: [1, 1], task: "mask" },
    );
    const count = training.batchesPerEpoch;
    const drawn = Array.from({ length: count }, (_, i) =>
      letterIn(training.batchAt(i), bertTokenizer),
    );
    const letters = drawn.filter((letter) => letter === "b").length;
    expect(Math.abs(letters - count / 2)).toBeLessThanOrEqual(1);
  });
});
