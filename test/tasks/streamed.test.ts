/** What is read as it is needed is what is read at once. */

import { describe, expect, it } from "vitest";
import { writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { gather } from "../../src/train/setup/prepare.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";

const model = { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 32, vocab_size: 259 };

async function loaded(rows: readonly object[] | string, options: TrainOptions = {}) {
  const host = memoryHost();
  const name = typeof rows === "string" ? "data.txt" : "data.jsonl";
  const text = typeof rows === "string" ? rows : rows.map((row) => JSON.stringify(row)).join("\n");
  await writeFile(host.files, name, text);
  await writeFile(host.files, `held-${name}`, text);
  const config = parseConfig({
    model,
    batchSize: 4,
    steps: 10,
    samples: 2,
    translations: 0,
    stream: 16,
    train: name,
    ...options,
  });
  const { data } = await gather(config, { host, runtime });
  const { training } = data;
  if (training.batchesPerEpoch !== undefined) throw new Error("not streamed");
  return { data, training };
}

/** The ids of the rows of batches, with the last target, as texts of bytes. */
async function textsOf(training: Awaited<ReturnType<typeof loaded>>["training"], count: number) {
  const texts: string[] = [];
  for (let position = 0; position < count; position++) {
    const { inputs, size } = await training.batchAt(position);
    const ids = [...(inputs["ids"]?.data ?? [])].map(Number);
    const length = ids.length / size;
    for (let row = 0; row < size; row++) {
      const own = ids.slice(row * length, (row + 1) * length).filter((id) => id < 256);
      texts.push(Buffer.from(own).toString());
    }
  }
  return texts;
}

const pairs = Array.from({ length: 40 }, (_, i) => ({ source: `${i} + 1 =`, target: `${i + 1}` }));
const sources = (texts: readonly string[]) => texts.map((text) => text.split("=")[0]);

describe("pairs", () => {
  it("come all, and those held out never", async () => {
    const { data, training } = await loaded(pairs, { holdout: 0.2 });
    const learned = new Set(sources(await textsOf(training, 40)));
    const held = [...data.evaluation()].reduce((sum, { weights }) => sum + rowsOf(weights), 0);
    expect(learned.size).toBeGreaterThan(25);
    expect(learned.size + held).toBe(40);
  });

  it("come all where others are held out", async () => {
    const { training } = await loaded(pairs, { validation: "held-data.jsonl" });
    // Five blocks of 16 are two passes.
    expect(new Set(sources(await textsOf(training, 20))).size).toBe(40);
  });

  it("are told from others by their first and by the size of their file", async () => {
    const contents = async (rows: readonly object[]) =>
      (await loaded(rows, { validation: "held-data.jsonl" })).training.content();
    expect(await contents(pairs)).toEqual(await contents(pairs));
    expect(await contents(pairs)).not.toEqual(await contents(pairs.toReversed()));
    expect(await contents(pairs)).not.toEqual(await contents([...pairs, ...pairs]));
  });
});

/** Pairs with a target each: those are two digits at most, and the end of the text. */
const rowsOf = (weights: Float32Array): number => {
  let rows = 0;
  for (const [i, weight] of weights.entries()) if (weight === 1 && weights[i - 1] !== 1) rows += 1;
  return rows;
};

describe("texts", () => {
  it("are windows of what stands one after another", async () => {
    const text = Array.from({ length: 200 }, (_, i) => `line ${i};`).join("");
    const { data, training } = await loaded(text, { validation: "held-data.txt" });
    expect(data.shapes).toHaveLength(1);
    const texts = await textsOf(training, 4);
    expect(texts).toHaveLength(16);
    for (const each of texts) expect(text).toContain(each);
    expect(new Set(texts).size).toBe(16);
  });
});

describe("conversations", () => {
  it("are what the assistant says", async () => {
    const rows = pairs.map(({ source, target }) => ({
      messages: [
        { role: "user", content: source },
        { role: "assistant", content: target },
      ],
    }));
    const options = { chatTemplate: "plain", contextLength: 32 };
    const { data, training } = await loaded(rows, { ...options, validation: "held-data.jsonl" });
    expect(data.isChat).toBe(true);
    expect((await training.batchAt(0)).lossTokens).toBeGreaterThan(0);
    expect(data.questions).toHaveLength(2);
  });
});

it.each<[string, TrainOptions, string]>([
  ["a learned tokenizer", { tokenizer: "bpe:300" }, "takes all of them"],
  ["a model for the data", { model: {} }, "takes all of them"],
  ["weights of paths", { mix: [1] }, "draws from all examples"],
  ["too little held out", { holdout: 1e-6 }, "none of those held out is of use"],
])("refuses %s", async (_, options, message) => {
  await expect(loaded(pairs, options)).rejects.toThrow(message);
});
