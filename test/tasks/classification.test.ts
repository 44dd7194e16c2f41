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
    const { training, evaluation, description, pairs } = await load({ holdout: 0.3 });
    const labelsOf = (batches: readonly Batch[]) =>
      batches.flatMap(({ targets, weights }) => [...targets].filter((_, i) => weights[i] === 1));
    const held = labelsOf([...evaluation()]);
    const batches = Array.from({ length: training.batchesPerEpoch }, (_, i) => training.batchAt(i));
    const trained = labelsOf(batches);
    expect(description).toBe(
      `${trained.length} texts of 2 classes, ${held.length} held out; columns 2 -> 1`,
    );
    // Of 18 different rows, of which there are five or six each.
    expect(held.length).toBeGreaterThan(10);
    expect(held.length).toBeLessThan(60);
    expect(new Set(held)).toEqual(new Set([0, 1]));
    expect([...held, ...trained].filter((label) => label === 1)).toHaveLength(40);
    expect(pairs).toEqual([]);
  });

  it("has a text with its special tokens and its class in a row", async () => {
    const { training, shapes } = await load({ validation: file });
    const batch = training.batchAt(0);
    expect(idsOf(batch, 0)[0]).toBe(CLS);
    expect(idsOf(batch, 0)).toContain(SEP);
    expect(batch.targets).toHaveLength(4);
    expect(shapes.map(({ ids }) => ids?.shape)).toEqual([
      [4, 8],
      [4, 16],
    ]);
    expect(training.batchesPerEpoch).toBe(25);
    const seen = Array.from({ length: 25 }, (_, i) => training.batchAt(i));
    expect(seen.reduce((sum, { lossTokens }) => sum + lossTokens, 0)).toBe(100);
  });

  it("has both texts of a pair in a row, told apart", async () => {
    const { training } = await load({ pairColumn: "3" });
    const { inputs } = training.batchAt(3);
    const types = Array.from(inputs["tokenTypes"]?.data ?? [], Number);
    // Of each pair "yy" and its end, which has the pieces y and ##y.
    expect(types.reduce((sum, type) => sum + type, 0)).toBe(4 * 3);
  });

  it("cuts both texts of a pair where they do not fit, or says what to do", async () => {
    await expect(load({ validation: file }, 6)).rejects.toMatchObject({
      message: expect.stringMatching(/^texts: \d+ of 100 are longer than the context of 6 tokens/),
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
