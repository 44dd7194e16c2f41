/** Pairs for sentence embeddings as runs have them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { randomKey } from "../../src/random/key.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { loadData } from "../../src/tasks/load.ts";
import { bertTokenizer as tokenizer, CLS, SEP } from "../support/bert-tokenizer.ts";
import { nodeFiles } from "../support/files.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-pairs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "pairs.tsv");
const lines = Array.from({ length: 45 }, (_, i) => `${"a".repeat(1 + (i % 20))}\tb`);
writeFileSync(file, lines.join("\n"));

const model = bert({ architectures: ["BertModel"], vocab_size: tokenizer.vocabularySize });

const load = async (options: TrainOptions = {}, contextLength = 32) => {
  const config = parseConfig({ train: file, model: "unread", batchSize: 4, ...options });
  const dataset = openDataset({ config, files: nodeFiles });
  return loadData({ config, dataset, tokenizer, model, contextLength, key: randomKey(2) });
};

it("has the first texts of a batch in the upper half of its rows, and the second ones below", async () => {
  const { training, shapes, description, pairs } = await load({ validation: file });
  expect(description).toBe("45 pairs, 45 held out; columns source -> target");
  expect(pairs).toEqual([]);
  expect(shapes.map(({ ids }) => ids?.shape)).toEqual([
    [8, 8],
    [8, 16],
    [8, 24],
  ]);
  const { inputs, weights } = training.batchAt(1);
  const { shape = [], data = new Int32Array() } = inputs["ids"] ?? {};
  const [b] = tokenizer.encode("b");
  const [, length = 0] = shape;
  for (const row of [4, 5, 6, 7]) {
    expect(Array.from(data.slice(row * length, row * length + 3), Number)).toEqual([CLS, b, SEP]);
  }
  expect(weights).toEqual(Float32Array.of(1, 1, 1, 1));
});

it("drops or cuts pairs of which one text does not fit", async () => {
  const validation = file;
  await expect(load({ validation }, 16)).rejects.toThrow(
    "pairs: 12 of 45 are longer than the context of 16",
  );
  const dropped = await load({ validation, tooLong: "drop" }, 16);
  expect(dropped.description).toContain("33 pairs, 12 too long");
  expect((await load({ validation, tooLong: "truncate" }, 16)).shapes).toHaveLength(2);
});
