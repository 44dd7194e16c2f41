/** What is read as it is needed is what is read at once. */

import { describe, expect, it } from "vitest";
import type { Collective } from "../../src/collective/index.ts";
import { UsageError } from "../../src/errors.ts";
import { writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import type { RunInputs } from "../../src/train/setup/inputs.ts";
import { gather } from "../../src/train/setup/prepare.ts";
import { bytes } from "../support/task-models.ts";
import { asRanks } from "../support/ranks.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";

const model = { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 32, vocab_size: 259 };

async function loaded(
  rows: readonly object[] | string,
  options: TrainOptions = {},
  more: readonly object[] = [],
  collective?: Collective,
  inputs: RunInputs = {},
) {
  const host = memoryHost();
  const name = typeof rows === "string" ? "data.txt" : "data.jsonl";
  const text = typeof rows === "string" ? rows : rows.map((row) => JSON.stringify(row)).join("\n");
  await writeFile(host.files, name, text);
  await writeFile(host.files, `held-${name}`, text);
  await writeFile(host.files, "more.jsonl", more.map((row) => JSON.stringify(row)).join("\n"));
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
  const { data } = await gather(config, { host, runtime, collective }, inputs);
  const { training } = data;
  if (training.batchesPerEpoch !== undefined) throw new Error("not streamed");
  return { data, training };
}

type Training = Awaited<ReturnType<typeof loaded>>["training"];

/** The ids of the rows of a batch, with the last target, as texts of bytes. */
async function textsAt(training: Training, position: number): Promise<readonly string[]> {
  const { inputs, size } = await training.batchAt(position);
  const ids = [...(inputs["ids"]?.data ?? [])].map(Number);
  const length = ids.length / size;
  return Array.from({ length: size }, (_, row) => {
    const own = ids.slice(row * length, (row + 1) * length).filter((id) => id < 256);
    return Buffer.from(own).toString();
  });
}

/** The same of the first batches. */
async function textsOf(training: Training, count: number): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let position = 0; position < count; position++) {
    texts.push(...(await textsAt(training, position)));
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

describe("what is learned and asked", () => {
  const chat = [1, 2].flatMap((i) => [
    { role: "user", content: `q${i}` },
    { role: "assistant", content: `a${i}` },
  ]);
  const rows = Array.from({ length: 8 }, () => ({ messages: chat }));
  const template =
    "{% for m in messages %}{{ m.role[0] + m.content }};{% endfor %}" +
    "{% if add_generation_prompt %}a{% endif %}";
  /** What is learned of the first row; all are the same. */
  const learned = async (data: readonly object[], options: TrainOptions) => {
    const host = memoryHost();
    await writeFile(host.files, "d.jsonl", data.map((row) => JSON.stringify(row)).join("\n"));
    const config = parseConfig({
      model: { ...model, n_positions: 64 },
      batchSize: 4,
      steps: 10,
      train: "d.jsonl",
      validation: "d.jsonl",
      ...options,
    });
    const { data: read } = await gather(config, { host, runtime });
    const { targets, weights, size } = await read.training.batchAt(0);
    const ids = [...targets.subarray(0, targets.length / size)].filter((_, i) => weights[i]);
    return Buffer.from(ids.filter((id) => id < 256)).toString();
  };
  const chats = { chatTemplate: template };
  const pair = Array.from({ length: 8 }, () => ({ source: "0 + 1 =", target: "1" }));

  it.each<[string, readonly object[], TrainOptions, string]>([
    ["answers of pairs", pair, {}, "1"],
    ["all of pairs", pair, { learn: "all" }, " + 1 =\n1"],
    ["all answers", rows, chats, "1;a2;"],
    ["the last answer", rows, { ...chats, learn: "last" }, "a2;"],
    ["all of conversations", rows, { ...chats, learn: "all" }, "q1;aa1;uq2;aa2;"],
    ["what others say", rows, { ...chats, learnRoles: ["user"] }, "q1;uq2;"],
  ])("are %s, as without a stream", async (_name, data, options, expected) => {
    const streamed = await learned(data, { ...options, stream: 4 });
    expect(streamed).toContain(expected);
    expect(await learned(data, options)).toBe(streamed);
  });

  it("are pairs to be answered at the end, and prompts of one's own", async () => {
    const { data } = await loaded(pairs, { holdout: 0.3, translations: 3 });
    expect(data.pairs).toHaveLength(3);
    expect(pairs).toEqual(expect.arrayContaining([...data.pairs]));
    expect(data.ask?.("2 + 1 =")).toHaveLength("2 + 1 =\n".length);
    const held = { validation: "held-data.txt" };
    const texts = await loaded("a text that goes on. ".repeat(200), held);
    expect(texts.data.ask?.("abc")).toHaveLength(3);
  });
});

describe("paths with weights", () => {
  const more = Array.from({ length: 10 }, (_, i) => ({ source: `more ${i} =`, target: "yes" }));
  const mixed = (options: TrainOptions = {}) =>
    loaded(pairs, { train: ["data.jsonl", "more.jsonl"], mix: [3, 1], ...options }, more);

  it("are drawn from by them, in every block", async () => {
    const { training } = await mixed({ validation: "held-data.jsonl" });
    for (const block of [0, 1, 2, 5]) {
      const texts: string[] = [];
      // 16 examples, four at a time.
      for (let i = 0; i < 4; i += 1) texts.push(...(await textsAt(training, 4 * block + i)));
      expect(texts.filter((text) => text.startsWith("more")).length).toBe(4);
    }
    const learned = new Set(sources(await textsOf(training, 80)));
    expect(learned.size).toBe(50);
  });

  it("go on where they were left", async () => {
    const { training } = await mixed({ holdout: 0.2 });
    const expected = await textsAt(training, 21);
    await training.release();
    expect(await textsAt(training, 21)).toEqual(expected);
    expect(await textsAt((await mixed({ holdout: 0.2 })).training, 21)).toEqual(expected);
  });
});

it.each<[string, TrainOptions, string]>([
  ["a learned tokenizer", { tokenizer: "bpe:300" }, "takes all of them"],
  ["a model for the data", { model: {} }, "takes all of them"],
  [
    "weights of other paths",
    { mix: [1, 2] },
    "one weight for each path of train; got 2 for 1 paths",
  ],
  ["roles of pairs", { learnRoles: ["user"] }, "pairs have no roles; got user"],
  ["too little held out", { holdout: 1e-6 }, "none of those held out is of use"],
])("refuses %s", async (_, options, message) => {
  await expect(loaded(pairs, options)).rejects.toThrow(message);
});

describe.each([2, 3])("%i ranks", (size) => {
  const chats = pairs.map(({ source, target }) => ({
    messages: [
      { role: "user", content: source },
      { role: "assistant", content: target.repeat(1 + (source.length % 3)) },
    ],
  }));
  const text = Array.from({ length: 300 }, (_, i) => `line ${i};`).join(" ");
  const options = {
    chatTemplate: "plain",
    microSteps: 6,
    contextLength: 64,
    model: { ...model, n_positions: 64 },
  };

  it.each<readonly [what: string, rows: readonly object[] | string, options: TrainOptions]>([
    ["pairs", pairs, { holdout: 0.2 }],
    ["pairs with others held out", pairs, { validation: "held-data.jsonl" }],
    ["conversations", chats, { holdout: 0.2 }],
    ["texts", text, { validation: "held-data.txt" }],
    ["blocks that are smaller than steps", pairs, { holdout: 0.2, stream: 5 }],
    ["pairs that are left out", pairs, { holdout: 0.2, contextLength: 11, tooLong: "drop" }],
  ])("have the batches of one process: %s", async (_, rows, own) => {
    const seen = async (ranks?: Collective) => {
      const { data, training } = await loaded(rows, { ...options, ...own }, [], ranks);
      const batches = [];
      for (const step of [0, 1, 2, 1]) {
        await training.fetch?.(options.microSteps * step);
        for (let i = 0; i < options.microSteps; i += 1) {
          batches.push(await training.batchAt(options.microSteps * step + i));
        }
      }
      return { batches, held: [...data.evaluation()], content: await training.content() };
    };
    const expected = await seen();
    for (const found of await asRanks(size, seen)) expect(found).toEqual(expected);
  });

  it("encode a share each", async () => {
    const seen = async (ranks?: Collective) => {
      let characters = 0;
      const encode = (own: string) => {
        characters += own.length;
        return bytes.encode(own);
      };
      const tokenizer = { ...bytes, encode, encodePrompt: encode };
      const own = { ...options, validation: "held-data.jsonl" };
      const { training } = await loaded(pairs, own, [], ranks, { tokenizer });
      const before = characters;
      for (let i = 0; i < options.microSteps; i += 1) await training.batchAt(i);
      return characters - before;
    };
    const all = await seen();
    expect(all).toBeGreaterThan(100);
    for (const own of await asRanks(size, seen)) expect(own).toBeLessThan((1.5 * all) / size);
  });

  it("say what is wrong with a block as one process does", async () => {
    const long = pairs.with(30, { source: "x".repeat(99), target: "y" });
    const refused = async (ranks?: Collective) => {
      const own = { ...options, validation: "more.jsonl", tooLong: "refuse" } as const;
      const { training } = await loaded(long, own, pairs, ranks);
      try {
        for (let i = 0; i < 12; i += 1) await training.batchAt(i);
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
      return "";
    };
    const expected = await refused();
    expect(expected).toMatch(/pairs: 1 of \d+ are longer than/);
    for (const found of await asRanks(size, refused)) expect(found).toBe(expected);
  });
});
