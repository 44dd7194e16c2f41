/** Data that ranks read together, each a share, beside the same data of one process. */

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { Collective } from "../../../src/collective/index.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";
import type { FileStore } from "../../../src/host/host.ts";
import type { Model } from "../../../src/models/model.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { randomKey } from "../../../src/random/key.ts";
import { loadData } from "../../../src/tasks/load.ts";
import { openDataset } from "../../../src/tasks/reading/dataset.ts";
import type { TrainData } from "../../../src/tasks/task-data.ts";
import type { Tokenizer } from "../../../src/text/index.ts";
import { bertTokenizer } from "../../support/bert-tokenizer.ts";
import { nodeFiles } from "../../support/files.ts";
import { asRanks } from "../../support/ranks.ts";
import { bytes, bytesWithTemplate, causal, encoder, seq2seq } from "../../support/task-models.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-shared-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const rows = (count: number, row: (i: number) => object): string =>
  Array.from({ length: count }, (_, i) => JSON.stringify(row(i))).join("\n");

const PAIRS = written(
  "pairs.jsonl",
  rows(41, (i) => ({
    prompt: "x".repeat((i * 7) % 30),
    completion: i % 10 === 3 ? " " : `answer ${i}`,
    ...(i % 3 === 0 && { weight: 0.5 }),
  })),
);
const OTHERS = written(
  "others.jsonl",
  rows(41, (i) => ({ prompt: `${i}`, completion: `${i}` })),
);
const CHAT = written(
  "chat.jsonl",
  rows(23, (i) => ({
    messages: [
      { role: "user", content: "?".repeat(i) },
      { role: "assistant", content: i === 4 ? "" : "one", ...(i === 7 && { weight: 0 }) },
      { role: "user", content: "and" },
      { role: "assistant", content: i === 4 ? "" : `two ${"!".repeat((5 * i) % 17)}` },
    ],
  })),
);
const LABELLED = written(
  "labelled.jsonl",
  rows(37, (i) => ({ text: "word ".repeat(1 + (i % 7)), label: i % 3 === 0 ? "b" : "a" })),
);
const LABELLED_TSV = written(
  "labelled.tsv",
  [
    "text\tlabel",
    ...Array.from({ length: 37 }, (_, i) => `${"x".repeat(1 + (i % 9))}\t${i % 2 ? "a" : "b"}`),
  ].join("\n"),
);
const PREFERENCES = written(
  "preferences.jsonl",
  rows(29, (i) => ({
    prompt: `${"?".repeat(i % 11)} `,
    chosen: `yes ${"!".repeat((3 * i) % 8)}`,
    rejected: i === 5 ? "yes " : "no",
    ...(i % 4 === 0 && { weight: 2 }),
  })),
);
const PREFERRED = written(
  "preferred.jsonl",
  rows(17, (i) => ({
    prompt: [{ role: "user", content: "?".repeat(i) }],
    chosen: [{ role: "assistant", content: `yes ${i}` }],
    rejected: [{ role: "assistant", content: "no" }],
  })),
);
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");
const TEXTS_DE = written(
  "a.de",
  lines(31, (i) => `eins ${i}`),
);
const TEXTS_EN = written(
  "a.en",
  lines(31, (i) => `one ${"o".repeat(i % 5)}`),
);
const pairRows = rows(31, (i) => ({ prompt: `p ${i}`, completion: "é".repeat(1 + (i % 6)) }));
const CRLF = written("crlf.jsonl", `${pairRows.replaceAll("\n", "\r\n\r\n")}\r\n`);
const table = (cell: string): string =>
  `source,target\n${lines(31, (i) => (i === 9 ? cell : `s ${i},"t ""${i}"""`))}`;
const QUOTED = written("quoted.csv", table('"a, b",c'));
const OF_LINES = written("lines.csv", table('"a\nb,c\nd,e\nf,g",c'));
const PACKED = join(folder, "packed.jsonl.gz");
writeFileSync(PACKED, gzipSync(pairRows));
const MANY = written(
  "many.jsonl",
  rows(4000, (i) => ({ prompt: `${i} ${"?".repeat((i * i) % 97)}`, completion: `${i}` })),
);
const TABLE = written(
  "many.tsv",
  lines(4000, (i) => `${i} ${"?".repeat((i * i) % 97)}\t${i}`),
);
/** Pairs with a line of bytes among them. */
const broken = (line: string, at = 26): string => {
  const path = join(folder, `broken ${at} ${Buffer.from(line).toString("hex")}.jsonl`);
  writeFileSync(
    path,
    pairRows.replaceAll("é", "e").split("\n").with(at, line).join("\n"),
    "latin1",
  );
  return path;
};
const LIST = written("list.jsonl", `[${pairRows.replaceAll("\n", ",\n")}]`);
const LONG = written(
  "long.jsonl",
  rows(9, (i) => ({
    prompt: "x".repeat(i === 0 ? 20_000 : i === 4 ? 9000 : 30),
    completion: `${i}`,
  })),
);
const FEW = written(
  "few.jsonl",
  rows(2, (i) => ({ prompt: "a", completion: `b${i}` })),
);
const UNEVEN = written(
  "uneven.jsonl",
  rows(12, (i) => ({ prompt: `${i}${"x".repeat(i % 3 ? 40 : 3)}`, completion: "y" })),
);
const TEXT = written("text.txt", "the quick brown fox jumps over it. ".repeat(200));
const DOCUMENTS = written(
  "texts.jsonl",
  rows(30, (i) => ({ text: `${i} and more `.repeat(1 + (i % 5)) })),
);

const TEMPLATE = ofTemplate(
  "{% for m in messages %}{{ m.role[0] + ':' + m.content + ';' }}{% endfor %}" +
    "{% if add_generation_prompt %}a:{% endif %}",
);
/** Rewrites earlier answers, so that a conversation is several sequences. */
const REWRITING = ofTemplate(
  "{% for m in messages %}{{ m.role[0] + ':' }}{{ '!' if loop.last and m.role == 'assistant' }}{{ m.content + ';' }}{% endfor %}" +
    "{% if add_generation_prompt %}a:{% endif %}",
);
const SEQ2SEQ: Trainee = { model: seq2seq, tokenizer: bytes };
const CLASSIFIER: Trainee = {
  model: encoder("BertForSequenceClassification"),
  tokenizer: bertTokenizer,
};
const VECTORS: Trainee = { model: encoder("BertModel"), tokenizer: bertTokenizer };

const STEP = { microSteps: 12, batchSize: 2 };

/** What is trained, with its tokenizer: a model that continues texts, or another. */
interface Trainee {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

function ofTemplate(template: string): Trainee {
  return { model: causal, tokenizer: bytesWithTemplate(template) };
}

function load(options: TrainOptions, { model, tokenizer }: Trainee, ranks?: Collective) {
  const config = parseConfig({ ...STEP, samples: 4, translations: 3, ...options });
  const { files, read } = countedFiles();
  const dataset = openDataset({ config, files, ranks });
  let encoded = 0;
  const counted =
    <T extends readonly unknown[], R>(encode: (text: string, ...others: T) => R) =>
    (text: string, ...others: T) => {
      encoded += text.length;
      return encode(text, ...others);
    };
  const counting: Tokenizer = {
    ...tokenizer,
    encode: counted(tokenizer.encode),
    encodePrompt: counted(tokenizer.encodePrompt),
    encodeWithSpecialTokens: counted(tokenizer.encodeWithSpecialTokens),
  };
  const { contextLength = 64 } = config;
  const request = { config, dataset, model, key: randomKey(1), contextLength };
  const data = loadData({ ...request, tokenizer: counting });
  return { data, encoded: () => encoded, read };
}

/** The bytes of files that are read. */
function countedFiles() {
  let read = 0;
  const files: FileStore = {
    ...nodeFiles,
    async open(path) {
      const file = await nodeFiles.open(path);
      return {
        ...file,
        async read(begin, end) {
          const part = await file.read(begin, end);
          read += part.length;
          return part;
        },
      };
    },
  };
  return { files, read: () => read };
}

/** All that a run sees of data: two epochs and a half, in order. */
function seen({ training, evaluation, ...data }: TrainData) {
  const { batchesPerEpoch } = training;
  const batches = Array.from({ length: Math.ceil(2.5 * batchesPerEpoch) }, (_, i) =>
    training.batchAt(i),
  );
  const { description, shapes, questions, pairs, answers } = data;
  const compared = [...(answers?.batches() ?? [])];
  return { batches, held: [...evaluation()], description, shapes, questions, pairs, compared };
}

/** What more ranks than these have in common with them is tried with four, which take longer. */
const SIZES = [2, 3];

describe.each(SIZES)("%i ranks", (size) => {
  it.each<readonly [what: string, options: TrainOptions, trainee: Trainee]>([
    ["pairs", { train: PAIRS }, TEMPLATE],
    [
      "pairs, of which some are cut",
      { train: PAIRS, contextLength: 24, tooLong: "truncate" },
      TEMPLATE,
    ],
    [
      "pairs, of which some are left out",
      { train: PAIRS, contextLength: 24, tooLong: "drop" },
      TEMPLATE,
    ],
    ["pairs with others held out", { train: PAIRS, validation: PAIRS }, TEMPLATE],
    ["whole pairs", { train: PAIRS, learn: "all" }, TEMPLATE],
    ["conversations", { train: CHAT }, TEMPLATE],
    ["conversations in several sequences", { train: CHAT }, REWRITING],
    ["conversations, the last answer", { train: CHAT, learn: "last" }, TEMPLATE],
    ["pairs that are mixed", { train: [PAIRS, PAIRS], mix: [1, 3], validation: PAIRS }, TEMPLATE],
    ["a text", { train: TEXT, contextLength: 16 }, TEMPLATE],
    ["texts", { train: DOCUMENTS, contextLength: 16 }, TEMPLATE],
    ["pairs for an encoder-decoder", { train: PAIRS }, SEQ2SEQ],
    ["texts with labels", { train: LABELLED, task: "classify" }, CLASSIFIER],
    ["pairs of texts with labels", { train: LABELLED_TSV, task: "classify" }, CLASSIFIER],
    ["pairs that mean the same", { train: OTHERS }, VECTORS],
    ["preferences", { train: PREFERENCES, task: "preference" }, TEMPLATE],
    ["preferences in messages", { train: PREFERRED, task: "preference" }, TEMPLATE],
    ["pairs of two files", { train: [TEXTS_DE, TEXTS_EN] }, TEMPLATE],
    ["lines that end in CRLF", { train: CRLF }, TEMPLATE],
    ["quoted cells", { train: QUOTED }, TEMPLATE],
    ["cells of several lines", { train: OF_LINES }, TEMPLATE],
    ["a packed file", { train: PACKED }, TEMPLATE],
    ["a list", { train: LIST }, TEMPLATE],
    ["rows that are long", { train: LONG, tooLong: "truncate" }, TEMPLATE],
    ["fewer rows than ranks", { train: FEW, validation: FEW }, TEMPLATE],
    ["nothing held out that fits", { train: UNEVEN, contextLength: 24, tooLong: "drop" }, TEMPLATE],
  ])("have the batches of one process: %s", async (_, options, trainee) => {
    const expected = seen(await load(options, trainee).data);
    const all = await asRanks(size, async (ranks) =>
      seen(await load(options, trainee, ranks).data),
    );
    for (const found of all) expect(found).toEqual(expected);
  });

  it.each<readonly [what: string, options: TrainOptions, trainee: Trainee]>([
    ["pairs", { train: PAIRS, validation: PAIRS }, TEMPLATE],
    ["conversations", { train: CHAT, validation: CHAT }, TEMPLATE],
    ["texts", { train: DOCUMENTS, validation: DOCUMENTS, contextLength: 16 }, TEMPLATE],
    ["pairs for an encoder-decoder", { train: PAIRS, validation: PAIRS }, SEQ2SEQ],
    ["texts with labels", { train: LABELLED, validation: LABELLED, task: "classify" }, CLASSIFIER],
    ["pairs that mean the same", { train: OTHERS, validation: OTHERS }, VECTORS],
    ["preferences", { train: PREFERENCES, validation: PREFERENCES, task: "preference" }, TEMPLATE],
  ])("encode a share each: %s", async (_, options, trainee) => {
    const alone = load(options, trainee);
    seen(await alone.data);
    const all = await asRanks(size, async (ranks) => {
      const own = load(options, trainee, ranks);
      seen(await own.data);
      return own.encoded();
    });
    for (const own of all) expect(own).toBeLessThan((1.5 * alone.encoded()) / size);
  });

  it("get a step at once, before it begins", async () => {
    const all = await asRanks(size, async (ranks) => {
      let told = 0;
      const gather: Collective["gather"] = (numbers) => {
        const found = ranks.gather(numbers);
        told += 1;
        return found;
      };
      const { training } = await load({ train: PAIRS }, TEMPLATE, { ...ranks, gather }).data;
      training.fetch?.(STEP.microSteps);
      const before = told;
      for (let i = 0; i < STEP.microSteps; i += 1) training.batchAt(STEP.microSteps + i);
      const during = told;
      training.batchAt(0);
      return [during - before, told - during];
    });
    for (const found of all) expect(found).toEqual([0, 2]);
    expect((await load({ train: PAIRS }, TEMPLATE).data).training.fetch).toBeUndefined();
  });

  it.each<readonly [what: string, options: TrainOptions, message: RegExp]>([
    ["long pairs", { train: PAIRS, contextLength: 24 }, /of 35 are longer than/],
    ["a broken row", { train: broken("{") }, /line 27: not JSON; got \{/],
    ["a row of another kind", { train: broken("[]") }, /line 27: not a JSON object/],
    ["a row without a column", { train: broken('{"prompt": "a"}') }, /no column "completion"/],
    ["a first row that is none", { train: broken("{", 0) }, /line 1: not JSON/],
    ["a byte that is not UTF-8", { train: broken("\xff") }, /not UTF-8; got 0xff at byte \d+/],
    ["nothing", { train: written("empty.jsonl", "") }, /the file is empty/],
    ["blank lines", { train: written("blank.jsonl", "\n".repeat(99)) }, /there are no pairs/],
    [
      "rows that are left out",
      {
        train: written(
          "void.jsonl",
          rows(9, () => ({ prompt: "", completion: "" })),
        ),
      },
      /there are no pairs/,
    ],
    ["a quote without end", { train: written("open.csv", table('"a,c')) }, /line 11: a cell in/],
    ["a row of more cells", { train: written("wide.csv", table("a,b,c")) }, /line 11: expected 2/],
  ])("say what is wrong as one process does: %s", async (_, options, wanted) => {
    const message = (error: unknown) => {
      if (error instanceof UsageError || error instanceof FormatError) return error.message;
      throw error;
    };
    const expected = await load(options, TEMPLATE).data.catch(message);
    expect(expected).toMatch(wanted);
    const all = await asRanks(size, (ranks) => load(options, TEMPLATE, ranks).data.catch(message));
    for (const found of all) expect(found).toEqual(expected);
  });

  it.each<readonly [what: string, path: string, share: number]>([
    ["of lines", MANY, 1 / size],
    ["of records", TABLE, 1 / size],
    ["that is packed", PACKED, 1],
  ])("read a share each of a file %s", async (_, train, share) => {
    const all = await asRanks(size, async (ranks) => {
      const own = load({ train, tooLong: "drop" }, TEMPLATE, ranks);
      await own.data;
      return own.read();
    });
    // The first rows and the end of the last line are looked for.
    for (const read of all) expect(read).toBeLessThan(share * statSync(train).size + 2 ** 14);
    const least = Math.min(...all);
    expect(least).toBeGreaterThan(0.95 * share * statSync(train).size);
  });

  it("are refused where one has other data", async () => {
    const all = await asRanks(size, (ranks) =>
      load({ train: ranks.rank === 1 ? OTHERS : PAIRS }, TEMPLATE, ranks).data.catch(
        (error: unknown) => {
          if (error instanceof UsageError) return error.message;
          throw error;
        },
      ),
    );
    for (const found of all)
      expect(found).toMatch("all must have the same data; got others on rank 1");
  });
});

it.each<readonly [what: string, options: TrainOptions]>([
  ["pairs", { train: PAIRS }],
  ["fewer rows than ranks", { train: FEW, validation: FEW }],
])("4 ranks have the batches of one process: %s", async (_, options) => {
  const expected = seen(await load(options, TEMPLATE).data);
  const all = await asRanks(4, async (ranks) => seen(await load(options, TEMPLATE, ranks).data));
  for (const found of all) expect(found).toEqual(expected);
});
