/** Labelled texts as runs have them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { randomKey } from "../../src/random/key.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { loadData } from "../../src/tasks/load.ts";
import { bertTokenizer as tokenizer, CLS, SEP } from "../support/bert-tokenizer.ts";
import { nodeFiles } from "../support/files.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-classes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file in the order of its labels, as many are: 40 of b, then 60 of a. */
const rows = Array.from(
  { length: 100 },
  (_, i) => `${i < 40 ? "b" : "a"}\t${"x".repeat(1 + (i % 9))}\tyy`,
);
const file = join(folder, "sorted.tsv");
writeFileSync(file, rows.join("\n"));

const model = bert({
  architectures: ["BertForSequenceClassification"],
  vocab_size: tokenizer.vocabularySize,
  id2label: { "0": "a", "1": "b" },
});

const load = async (options: TrainOptions = {}, contextLength = 512) => {
  const config = parseConfig({
    train: file,
    model: "unread",
    textColumn: "2",
    labelColumn: "1",
    batchSize: 4,
    ...options,
  });
  const dataset = openDataset({ config, files: nodeFiles });
  return loadData({ config, dataset, tokenizer, model, contextLength, key: randomKey(2) });
};

const idsOf = ({ inputs }: Batch, row: number): number[] => {
  const { shape = [], data = [] } = inputs["ids"] ?? {};
  const [, length = 0] = shape;
  return Array.from(data.slice(row * length, (row + 1) * length), Number);
};

describe("the data of a classifier", () => {
  it("holds out texts of all classes from a file in their order", async () => {
    const data = await load();
    expect(data.description).toBe("95 texts of 2 classes, 5 held out; columns 2 -> 1");
    const held = [...data.evaluation()];
    const counts = [0, 1].map(
      (label) =>
        held.flatMap(({ targets, weights }) =>
          [...targets].filter((t, i) => weights[i] === 1 && t === label),
        ).length,
    );
    expect(counts).toEqual([3, 2]);
    const { training } = data;
    const batches = Array.from({ length: training.batchesPerEpoch }, (_, i) => training.batchAt(i));
    const seen = batches.flatMap(({ targets, weights }) =>
      [...targets].filter((_, i) => weights[i] === 1),
    );
    expect(seen.filter((label) => label === 1)).toHaveLength(38);
    expect(data.pairs).toEqual([]);
  });

  it("has a text with its special tokens and its class in a row", async () => {
    const { training, shapes } = await load();
    const batch = training.batchAt(0);
    expect(idsOf(batch, 0)[0]).toBe(CLS);
    expect(idsOf(batch, 0)).toContain(SEP);
    expect(batch.targets).toHaveLength(4);
    expect(shapes.map(({ ids }) => ids?.shape)).toEqual([[4, 16]]);
    expect(training.batchesPerEpoch).toBe(24);
    const seen = Array.from({ length: 24 }, (_, i) => training.batchAt(i));
    expect(seen.reduce((sum, { lossTokens }) => sum + lossTokens, 0)).toBe(95);
  });

  it("has both texts of a pair in a row, told apart", async () => {
    const { training } = await load({ pairColumn: "3" });
    const { inputs } = training.batchAt(3);
    const types = Array.from(inputs["tokenTypes"]?.data ?? [], Number);
    // Of each pair "yy" and its end, which has the pieces y and ##y.
    expect(types.reduce((sum, type) => sum + type, 0)).toBe(4 * 3);
  });

  it("cuts both texts of a pair where they do not fit, or says what to do", async () => {
    await expect(load({}, 6)).rejects.toMatchObject({
      message: expect.stringMatching(/^texts: \d+ of 95 are longer than the context of 6 tokens/),
      hint: expect.stringContaining('set tooLong to "truncate"'),
    });
    const { training } = await load({ pairColumn: "3", tooLong: "truncate" }, 6);
    const longest = Array.from({ length: training.batchesPerEpoch }, (_, i) => training.batchAt(i));
    for (const batch of longest) expect(batch.inputs["ids"]?.shape[1]).toBeLessThanOrEqual(6);
    expect((await load({ tooLong: "drop" }, 6)).description).toContain("too long and left out");
  });

  it("needs a training file", async () => {
    const data = load({ train: undefined, task: "classify" });
    await expect(data).rejects.toThrow("task: classify needs a training file; got none");
  });
});
