/** Pairs for encoder-decoder models as runs have them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modelFromScratch } from "../../src/models/architectures/registry.ts";
import { randomKey } from "../../src/random/key.ts";
import { byteTokenizer } from "../../src/text/index.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { loadData } from "../../src/tasks/load.ts";
import { nodeFiles } from "../support/files.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-seq2seq-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of pairs with so many bytes on either side, "source:target". */
function fileOf(name: string, ...lengths: readonly string[]): string {
  const path = join(folder, name);
  const lines = lengths.map((each) => {
    const [source = 0, target = 0] = each.split(":").map(Number);
    return `${"a".repeat(source)}\t${"b".repeat(target)}`;
  });
  writeFileSync(path, lines.join("\n"));
  return path;
}

const END = 256;
const tokenizer = byteTokenizer();
const model = modelFromScratch({
  model_type: "t5",
  vocab_size: tokenizer.vocabularySize,
  pad_token_id: tokenizer.pad,
  decoder_start_token_id: 7,
});

async function load(options: TrainOptions, contextLength = 512) {
  const config = parseConfig({ batchSize: 2, ...options });
  const dataset = openDataset({ config, files: nodeFiles });
  return loadData({ config, dataset, tokenizer, model, contextLength, key: randomKey(1) });
}

/** S of the sources and T of the targets. */
const lengthsOf = ({ shapes }: Awaited<ReturnType<typeof load>>) =>
  shapes.map(({ ids, attentionMask, decoderIds }) => {
    expect(attentionMask).toEqual(ids);
    return `${ids?.shape[1]}:${decoderIds?.shape[1]}`;
  });

describe("a batch", () => {
  it("has no line break after the source, unless it is asked for", async () => {
    const train = fileOf("two.tsv", "2:3", "2:3", "2:3");
    const idsOf = async (options: TrainOptions) => {
      const { training } = await load({ train, ...options });
      const { ids } = training.batchAt(0).inputs;
      return Array.from(ids?.data ?? [], Number).slice(0, 6);
    };
    const [a, z, pad] = [97, 122, tokenizer.pad];
    expect(await idsOf({})).toEqual([a, a, END, pad, pad, pad]);
    expect(await idsOf({ prefix: "z", suffix: "\n" })).toEqual([z, a, a, 10, END, pad]);
  });

  it("starts the decoder from the token that the model names", async () => {
    const { training } = await load({ train: fileOf("one.tsv", "2:3", "2:3") });
    const { decoderIds } = training.batchAt(0).inputs;
    expect(Array.from(decoderIds?.data ?? [], Number).slice(0, 4)).toEqual([7, 98, 98, 98]);
  });
});

describe("the lengths of batches", () => {
  it("are those that occur, the longest on both sides last", async () => {
    const train = fileOf("mixed.tsv", "30:5", "3:40", "3:41", "3:4");
    const validation = fileOf("held.tsv", "4:4");
    expect(lengthsOf(await load({ train, validation }))).toEqual([
      "32:16",
      "16:48",
      "16:16",
      "32:48",
    ]);
  });

  it("are at most eight a side", async () => {
    const train = fileOf("long.tsv", ...Array.from({ length: 300 }, (_, i) => `${i + 1}:3`));
    // 300 / 8 is above 32.
    const expected = ["64:16", "128:16", "192:16", "256:16", "320:16"];
    expect(lengthsOf(await load({ train })).toSorted()).toEqual(expected.toSorted());
  });

  it("stay within the context", async () => {
    const train = fileOf("fit.tsv", "19:3", "19:3");
    expect(lengthsOf(await load({ train }, 20))).toEqual(["20:16"]);
  });
});

it("says what was left out and cut", async () => {
  const train = fileOf("cut.tsv", "50:3", "5:3", "5:30");
  const validation = fileOf("short.tsv", "5:3");
  const described = async (options: TrainOptions) =>
    (await load({ train, validation, ...options }, 20)).description;
  await expect(described({})).rejects.toThrow("2 of 3 are longer than the context of 20 tokens");
  await expect(described({ tooLong: "truncate" })).rejects.toThrow("1 of 3 are longer");
  expect(await described({ tooLong: "drop" })).toBe(
    "1 pairs, 2 too long and left out, 1 held out; columns source -> target",
  );
});

it("is pairs, not text", async () => {
  const path = join(folder, "text.txt");
  writeFileSync(path, "text");
  await expect(load({ train: path })).rejects.toThrow(
    expect.objectContaining({
      message: "train: an encoder-decoder model learns from pairs; got text",
      hint: expect.stringContaining("two files"),
    }),
  );
});
