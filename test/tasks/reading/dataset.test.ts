/** What a run reads: once, and the same from files and from memory. */

import { tokenizerOf } from "../../../src/tasks/reading/tokenizer.ts";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Batch, DataInput, Format } from "../../../src/data/index.ts";
import { FORMATS } from "../../../src/data/index.ts";
import { bert } from "../../../src/models/architectures/encoders/bert.ts";
import type { Model } from "../../../src/models/model.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { randomKey } from "../../../src/random/key.ts";
import { labelsFor } from "../../../src/tasks/reading/classes.ts";
import { type DatasetRequest, openDataset } from "../../../src/tasks/reading/dataset.ts";
import { loadData } from "../../../src/tasks/load.ts";
import type { Tokenizer } from "../../../src/text/index.ts";
import { bertTokenizer } from "../../support/bert-tokenizer.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";
import { bytes, bytesWithTemplate, causal, encoder, seq2seq } from "../../support/task-models.ts";

type Row = Readonly<Record<string, unknown>>;

const TEMPLATE =
  "{% for m in messages %}{{ m.role[0] + ':' + m.content + ';' }}{% endfor %}" +
  "{% if add_generation_prompt %}a:{% endif %}";
const withTemplate = bytesWithTemplate(TEMPLATE);

const rowsOf = (row: (i: number) => Row, count = 60) =>
  Array.from({ length: count }, (_, i) => row(i));
const letters = (i: number) => "abcdefg ".repeat(1 + (i % 5)).slice(0, 3 + (i % 29)) + i;

const TEXTS = rowsOf((i) => ({ text: letters(i).repeat(3) }));
const PAIRS = rowsOf((i) => ({ source: letters(i), target: letters(i + 7) }));
const PROMPTS = rowsOf((i) => ({ prompt: letters(i), completion: letters(i + 7) }));
const LABELLED = rowsOf((i) => ({ text: letters(i), label: i % 3 === 0 ? "a" : "b" }));
const CHATS = rowsOf((i) => ({
  messages: [
    { role: "user", content: letters(i) },
    { role: "assistant", content: letters(i + 3) },
  ],
}));

interface Case {
  readonly rows: readonly Row[];
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly options?: TrainOptions;
}

const CASES: Readonly<Record<string, Case>> = {
  texts: { rows: TEXTS, model: causal, tokenizer: bytes },
  pairs: { rows: PAIRS, model: causal, tokenizer: bytes },
  prompts: { rows: PROMPTS, model: causal, tokenizer: bytes },
  conversations: { rows: CHATS, model: causal, tokenizer: withTemplate },
  "pairs for an encoder and a decoder": { rows: PAIRS, model: seq2seq, tokenizer: bytes },
  "texts with hidden tokens": {
    rows: TEXTS,
    model: encoder("BertForMaskedLM"),
    tokenizer: bertTokenizer,
    options: { task: "mask" },
  },
  "texts with labels": {
    rows: LABELLED,
    model: encoder("BertForSequenceClassification"),
    tokenizer: bertTokenizer,
  },
  "pairs that mean the same": {
    rows: PAIRS,
    model: encoder("BertModel"),
    tokenizer: bertTokenizer,
  },
};

type Inputs = Partial<DatasetRequest>;

async function load({ model, tokenizer, options }: Case, train: string, inputs: Inputs) {
  const config = parseConfig({ model: "unread", batchSize: 4, train, ...options });
  const dataset = openDataset({ config, files: nodeFiles, ...inputs });
  const key = randomKey(3);
  const data = await loadData({ config, dataset, tokenizer, model, contextLength: 64, key });
  const { training, evaluation, ask: _ask, ...rest } = data;
  const batches: Batch[] = [];
  for (let i = 0; i < training.batchesPerEpoch + 2; i += 1) batches.push(training.batchAt(i));
  return { batches, evaluation: [...evaluation()], ...rest };
}

const toJsonl = (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe.each(Object.entries(CASES))("%s", (_, each) => {
  it.each([
    ["a list", (rows: readonly Row[]): DataInput => rows],
    [
      "a stream",
      async function* (rows: readonly Row[]) {
        yield* rows;
      },
    ],
    [
      "a function",
      (rows: readonly Row[]): DataInput =>
        () =>
          rows,
    ],
  ])("in %s have the batches of a file, bit for bit", async (_name, give) => {
    const [path = ""] = await write({ "a.jsonl": toJsonl(each.rows) });
    const expected = await load(each, path, {});
    expect(await load(each, "nowhere.jsonl", { data: give(each.rows) })).toEqual(expected);
    const split = { data: give(each.rows), heldOut: give(each.rows.slice(0, 9)) };
    const [held = ""] = await write({ "b.jsonl": toJsonl(each.rows.slice(0, 9)) });
    const withHeldOut = await load(each, path, { heldOut: [held] });
    expect(withHeldOut.description).not.toBe(expected.description);
    expect(await load(each, "nowhere.jsonl", split)).toEqual(withHeldOut);
  });
});

/** The same files, with the bytes that are read of them. */
function counted() {
  const read = new Map<string, number>();
  const files: DatasetRequest["files"] = {
    ...nodeFiles,
    async open(path) {
      const file = await nodeFiles.open(path);
      return {
        ...file,
        async read(begin, end) {
          const part = await file.read(begin, end);
          read.set(path, (read.get(path) ?? 0) + part.length);
          return part;
        },
      };
    },
  };
  return { files, read };
}

describe("a run", () => {
  let paths: readonly string[];
  beforeAll(async () => {
    paths = await write({
      "texts.jsonl": toJsonl(TEXTS),
      "text.txt": `${"lorem ipsum dolor sit amet, consetetur ".repeat(60_000)}end`,
      "pairs.jsonl": toJsonl(PAIRS),
      "pairs.tsv": PAIRS.map((row) => `${Object.values(row).join("\t")}\n`).join(""),
      "chats.jsonl": toJsonl(CHATS),
      "labelled.jsonl": toJsonl(LABELLED),
    });
  });

  it.each<readonly [string, TrainOptions]>([
    ["texts.jsonl", { task: "text" }],
    ["texts.jsonl", {}],
    ["text.txt", {}],
    ["pairs.jsonl", {}],
    ["pairs.tsv", {}],
    ["chats.jsonl", {}],
    ["labelled.jsonl", { task: "classify" }],
  ])("reads %s once, for its tokenizer too", async (name, options) => {
    const path = paths.find((each) => each.endsWith(name)) ?? "";
    const { files, read } = counted();
    const config = parseConfig({ model: {}, tokenizer: "bpe:270", train: path, ...options });
    const dataset = openDataset({ config, files });
    const learned = await tokenizerOf(files, config, dataset);
    if (!learned) throw new Error("no tokenizer");
    expect(learned.vocabularySize).toBe(270);
    const isLabelled = config.task === "classify";
    const model = isLabelled
      ? bert({ architectures: ["BertForSequenceClassification"], id2label: { "0": "a", "1": "b" } })
      : causal;
    if (isLabelled) expect(await labelsFor(model.task, dataset)).toEqual(["a", "b"]);
    const tokenizer = { ...learned, files: withTemplate.files };
    const request = { config, dataset, tokenizer, model, contextLength: 64, key: randomKey(1) };
    await loadData(request);
    expect(read.get(path)).toBe((await readFile(path)).length);
  });

  it("has the tokens of a text that was kept for its tokenizer", async () => {
    const [, path = ""] = paths;
    const config = parseConfig({ model: {}, tokenizer: "bpe:270", train: path });
    const dataset = openDataset({ config, files: nodeFiles });
    const kept = await collect(dataset.textsTwice());
    expect(kept.length).toBeGreaterThan(2);
    const [training] = dataset.texts().training;
    expect(training && (await collect(training))).toEqual(kept);
    expect(kept.map(({ text }) => text).join("")).toBe(await readFile(path, "utf8"));
  });

  it("says what is missing", async () => {
    const open = (options: TrainOptions, inputs: Inputs = {}) =>
      openDataset({ config: parseConfig(options), files: nodeFiles, ...inputs });
    await expect(open({ validation: "a.tsv" }).pairs()).rejects.toThrow(
      "validation: needs training files too; got none",
    );
    await expect(open({}, { heldOut: PAIRS }).pairs()).rejects.toThrow("needs training files too");
    await expect(open({ task: "text" }).isText()).rejects.toThrow(
      "task: text needs a training file; got none",
    );
    await expect(open({}, { data: TEXTS }).pairs()).rejects.toThrow(
      'data: no column "source" in data, row 1; got text',
    );
    await expect(open({}, { data: PAIRS, heldOut: [{ source: "a" }] }).pairs()).rejects.toThrow(
      'data: no column "target" in validation, row 1; got source',
    );
  });

  it("holds out a share of what trains, unless something is held out already", async () => {
    const open = (options: TrainOptions, inputs: Inputs = {}) =>
      openDataset({ config: parseConfig(options), files: nodeFiles, ...inputs });
    const half = await open({ holdout: 0.5 }, { data: PAIRS }).pairs();
    expect(half.validation.length).toBeGreaterThan(20);
    expect(half.validation.length).toBeLessThan(40);
    const other = await open({ holdout: 0.5, seed: 1 }, { data: PAIRS }).pairs();
    expect(other.validation).not.toEqual(half.validation);
    expect(() => open({ holdout: 0.5 }, { data: PAIRS, heldOut: PAIRS })).toThrow(
      "holdout: a share is held out, or validation; got both",
    );
    expect(() => open({ holdout: 0.5, train: "a.txt", validation: "b.txt" })).toThrow("got both");
    expect(() => open({ holdout: 0.5 })).toThrow(
      "holdout: is a share of train; got no training files",
    );
  });

  it("needs a weight for each path that it mixes", async () => {
    const open = (options: TrainOptions, inputs: Inputs = {}) =>
      openDataset({ config: parseConfig(options), files: nodeFiles, ...inputs });
    const message = "mix: one weight for each path of train; got";
    expect(() => open({ train: ["a.tsv", "b.tsv"], mix: [1] })).toThrow(`${message} 1 for 2 paths`);
    expect(() => open({ mix: [1] })).toThrow(`${message} 1 for 0 paths`);
    expect(() => open({ mix: [1] }, { data: PAIRS })).toThrow(`${message} 1 for 0 paths`);
    const parallel = open({ train: ["a.de", "a.en"], mix: [1, 2] });
    expect(() => parallel.order([0, 0], randomKey(0))).toThrow(
      "mix: each path needs examples to draw from; got none of a.en",
    );
  });

  it("reads images from folders alone", async () => {
    const config = parseConfig({ train: "nowhere" });
    const open = (data: DataInput) => openDataset({ config, files: nodeFiles, data });
    await expect(open("no/images").images()).rejects.toThrow("no/images");
    await expect(open(TEXTS).images()).rejects.toThrow(
      "data: images are read from folders; got rows",
    );
  });

  it("reads a format of one's own", async () => {
    const csv: Format = {
      extensions: [".csv"],
      kinds: ["texts", "pairs", "labelled"],
      open: ({ files, path }) => ({
        name: path,
        async *rows() {
          const file = await files.open(path);
          const content = new TextDecoder().decode(await file.read(0, file.bytes));
          await file.close();
          const [header = [], ...lines] = content
            .trim()
            .split("\n")
            .map((line) => line.split(","));
          for (const [i, cells] of lines.entries()) {
            yield {
              row: Object.fromEntries(header.map((name, j) => [name, cells[j]])),
              line: i + 2,
            };
          }
        },
      }),
    };
    const [train = ""] = await write({
      "a.csv": "id,prompt,completion\n1,eins,one\n2,zwei,two\n3,drei,three\n",
    });
    const open = (options: TrainOptions) =>
      openDataset({
        config: parseConfig({ train, ...options }),
        files: nodeFiles,
        formats: [...FORMATS, csv],
      });
    const dataset = open({});
    expect(await dataset.kind()).toBe("pairs");
    const { training, validation } = await dataset.pairs();
    expect([...training, ...validation]).toContainEqual({ source: "drei", target: "three" });
    const byName = open({ textColumn: "prompt", labelColumn: "completion" });
    const labelled = await byName.labelled();
    expect([...labelled.training, ...labelled.validation]).toContainEqual({
      text: "eins",
      label: "one",
    });
    await expect(open({ sourceColumn: "de" }).pairs()).rejects.toThrow(
      `data: no column "de" in ${train}, line 2; got id, prompt, completion`,
    );
  });
});

it.each<[string, TrainOptions, DataInput | undefined]>([
  ["rows", {}, PAIRS],
  ["the demonstration", {}, undefined],
])("holds out of %s what another seed says, if it is asked to", async (_name, options, data) => {
  const heldOut = async (own: TrainOptions) => {
    const config = parseConfig({ ...options, ...own, ...(data && { train: "rows" }) });
    const { validation } = await openDataset({ config, files: nodeFiles, data }).pairs();
    return validation;
  };
  const first = await heldOut({ seed: 1 });
  expect(await heldOut({ seed: 2 })).not.toEqual(first);
  expect(await heldOut({ seed: 2, holdoutSeed: 1 })).toEqual(first);
});
