/** Data that ranks read together, each a share, beside the same data of one process. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Collective } from "../../../src/collective/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { randomKey } from "../../../src/random/key.ts";
import { loadCausal } from "../../../src/tasks/causal.ts";
import { openDataset } from "../../../src/tasks/reading/dataset.ts";
import type { TrainData } from "../../../src/tasks/task-data.ts";
import type { Tokenizer } from "../../../src/text/index.ts";
import { nodeFiles } from "../../support/files.ts";
import { asRanks } from "../../support/ranks.ts";
import { bytesWithTemplate, causal } from "../../support/task-models.ts";

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
const TEXT = written("text.txt", "the quick brown fox jumps over it. ".repeat(200));
const DOCUMENTS = written(
  "texts.jsonl",
  rows(30, (i) => ({ text: `${i} and more `.repeat(1 + (i % 5)) })),
);

const TEMPLATE =
  "{% for m in messages %}{{ m.role[0] + ':' + m.content + ';' }}{% endfor %}" +
  "{% if add_generation_prompt %}a:{% endif %}";
/** Rewrites earlier answers, so that a conversation is several sequences. */
const REWRITING =
  "{% for m in messages %}{{ m.role[0] + ':' }}{{ '!' if loop.last and m.role == 'assistant' }}{{ m.content + ';' }}{% endfor %}" +
  "{% if add_generation_prompt %}a:{% endif %}";

const STEP = { microSteps: 12, batchSize: 2 };

function load(options: TrainOptions, template: string, ranks?: Collective) {
  const config = parseConfig({ ...STEP, samples: 4, translations: 3, ...options });
  const dataset = openDataset({ config, files: nodeFiles });
  const own = bytesWithTemplate(template);
  let encoded = 0;
  const counted = (encode: Tokenizer["encode"]) => (text: string) => {
    encoded += text.length;
    return encode(text);
  };
  const counting: Tokenizer = {
    ...own,
    encode: counted(own.encode),
    encodePrompt: counted(own.encodePrompt),
  };
  const { contextLength = 64 } = config;
  const request = { config, dataset, model: causal, key: randomKey(1), contextLength, ranks };
  const data = loadCausal({ ...request, tokenizer: counting });
  return { data, encoded: () => encoded };
}

/** All that a run sees of data: two epochs and a half, in order. */
function seen({ training, evaluation, ...data }: TrainData) {
  const { batchesPerEpoch } = training;
  const batches = Array.from({ length: Math.ceil(2.5 * batchesPerEpoch) }, (_, i) =>
    training.batchAt(i),
  );
  const { description, shapes, questions, pairs } = data;
  return { batches, held: [...evaluation()], description, shapes, questions, pairs };
}

describe.each([2, 3, 4])("%i ranks", (size) => {
  it.each<readonly [what: string, options: TrainOptions, template: string]>([
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
  ])("have the batches of one process: %s", async (_, options, template) => {
    const expected = seen(await load(options, template).data);
    const all = await asRanks(size, async (ranks) =>
      seen(await load(options, template, ranks).data),
    );
    for (const found of all) expect(found).toEqual(expected);
  });

  it.each<readonly [what: string, options: TrainOptions]>([
    ["pairs", { train: PAIRS, validation: PAIRS }],
    ["conversations", { train: CHAT, validation: CHAT }],
    ["texts", { train: DOCUMENTS, validation: DOCUMENTS, contextLength: 16 }],
  ])("encode a share each: %s", async (_, options) => {
    const alone = load(options, TEMPLATE);
    seen(await alone.data);
    const all = await asRanks(size, async (ranks) => {
      const own = load(options, TEMPLATE, ranks);
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

  it("say what is wrong as one process does", async () => {
    const options = { train: PAIRS, contextLength: 24 };
    const message = (error: unknown) => (error instanceof UsageError ? error.message : error);
    const expected = await load(options, TEMPLATE).data.catch(message);
    expect(expected).toMatch(/of 35 are longer than/);
    const all = await asRanks(size, (ranks) =>
      load(options, TEMPLATE, ranks).data.catch((error: unknown) => {
        if (error instanceof UsageError) return error.message;
        throw error;
      }),
    );
    for (const found of all) expect(found).toEqual(expected);
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
