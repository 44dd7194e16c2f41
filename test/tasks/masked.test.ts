/** Texts for masked language models as runs have them, and that what is hidden depends on the seed and the position alone. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { randomKey } from "../../src/random/key.ts";
import { byteTokenizer } from "../../src/text/index.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { loadData } from "../../src/tasks/load.ts";
import type { DataRequest } from "../../src/tasks/task-data.ts";
import { bertTokenizer, CLS, MASK, PAD, SEP } from "../support/bert-tokenizer.ts";
import { nodeFiles } from "../support/files.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-masked-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [text, documents] = [join(folder, "a.txt"), join(folder, "a.jsonl")];
const words = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(97 + (i % 26)));
writeFileSync(text, words.join(" "));
writeFileSync(
  documents,
  Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({ text: words.slice(0, 1 + i).join(" ") }),
  ).join("\n"),
);

const model = bert({ vocab_size: bertTokenizer.vocabularySize });

const load = async (options: TrainOptions = {}, changes: Partial<DataRequest> = {}) => {
  const config = parseConfig({ train: text, model: "unread", batchSize: 4, ...options });
  return loadData({
    config,
    dataset: openDataset({ config, files: nodeFiles }),
    tokenizer: bertTokenizer,
    model,
    contextLength: 12,
    key: randomKey(2),
    ...changes,
  });
};

const rowsOf = ({ inputs }: Batch, name: string): number[][] => {
  const { shape = [], data = [] } = inputs[name] ?? {};
  const [rows = 0, length = 0] = shape;
  return Array.from({ length: rows }, (_, row) =>
    Array.from(data.slice(row * length, (row + 1) * length), Number),
  );
};

describe("the data of a masked language model", () => {
  it("are windows of a text between [CLS] and [SEP]", async () => {
    const { training, evaluation, description, shapes } = await load({ holdout: 0.3 });
    // Ten letters a window, of which there are 40.
    const [, tokens, windows, held] =
      /^(\d+) tokens of text in (\d+) windows, (\d+) held out/.exec(description)?.map(Number) ?? [];
    expect(tokens).toBe(12 * (windows ?? 0));
    expect(held).toBe(12 * (40 - (windows ?? 0)));
    expect([...evaluation()].reduce((sum, batch) => sum + batch.tokens, 0)).toBe(held);
    for (const row of rowsOf(training.batchAt(0), "ids")) {
      expect([row[0], row[11]]).toEqual([CLS, SEP]);
    }
    expect(shapes.map(({ ids, chosen }) => [ids?.shape, chosen?.shape])).toEqual([
      [
        [4, 12],
        [4, 2],
      ],
    ]);
  });

  it("are the documents of a JSONL file, each by itself", async () => {
    const { training, shapes } = await load({ train: documents, task: "mask" });
    const batches = Array.from({ length: training.batchesPerEpoch }, (_, i) => training.batchAt(i));
    const lengths = batches.flatMap((batch) =>
      rowsOf(batch, "ids").map((row) => row.filter((id) => id !== PAD).length),
    );
    expect(Math.min(...lengths.filter((length) => length > 0))).toBe(3);
    expect(Math.max(...lengths)).toBe(12);
    expect(shapes).toHaveLength(2);
    for (const { lossTokens } of batches) expect(lossTokens).toBeGreaterThan(0);
  });

  it("hide the same tokens at the same position, whatever was asked for before", async () => {
    const [a, b] = [await load(), await load()];
    const position = 2 * a.training.batchesPerEpoch + 3;
    for (let i = 0; i < 5; i += 1) a.training.batchAt(i);
    expect(a.training.batchAt(position)).toEqual(b.training.batchAt(position));
    const other = await load({}, { key: randomKey(3) });
    expect(other.training.batchAt(position)).not.toEqual(b.training.batchAt(position));
  });

  it("hide other tokens of a text in every epoch", async () => {
    // Of different lengths, so that all epochs have them in the same order.
    const train = join(folder, "lengths.jsonl");
    const documentOf = (length: number) =>
      JSON.stringify({ text: words.slice(0, length).join(" ") });
    writeFileSync(train, Array.from({ length: 10 }, (_, i) => documentOf(i + 1)).join("\n"));
    const { training } = await load({ train, validation: train, task: "mask", batchSize: 10 });
    expect(training.batchesPerEpoch).toBe(1);
    const [first, second] = [training.batchAt(0), training.batchAt(1)];
    expect(first.tokens).toBe(second.tokens);
    expect(rowsOf(first, "chosen")).not.toEqual(rowsOf(second, "chosen"));
  });

  it("hide the same held-out tokens every time", async () => {
    const { evaluation } = await load();
    expect([...evaluation()]).toEqual([...evaluation()]);
    expect([...evaluation()].flatMap((batch) => rowsOf(batch, "ids").flat())).toContain(MASK);
  });

  it.each<[TrainOptions, Parameters<typeof load>[1], string]>([
    [{}, { tokenizer: byteTokenizer() }, "tokenizer: has no token to hide others; got bytes"],
    [{}, { contextLength: 2 }, "contextLength: the tokenizer adds 2 tokens to a text; got 2"],
    [{ train: undefined, task: "mask" }, {}, "task: mask needs a training file; got none"],
    [{}, { contextLength: 500 }, "data: too little text for windows of 500 tokens"],
  ])("are refused with %j %j", async (options, changes, message) => {
    await expect(load(options, changes)).rejects.toThrow(message);
  });
});
