/**
 * Every architecture from end to end: trained from scratch, saved, trained on from what was saved,
 * loaded and used, with an adapter too.
 *
 * A row is an architecture with what its task learns from. What a model is used for is a function of
 * its task.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { grammarPairs, promptIds } from "../../src/data/index.ts";
import { complete, createDecoder, type LoadedModel } from "../../src/generate/index.ts";
import { paramsInUse, type Task } from "../../src/models/model.ts";
import { classifyTexts, embedTexts } from "../../src/predict/index.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { TINY_RUNS } from "../support/architectures.ts";
import { bertTokenizerDirectory } from "../support/bert-tokenizer.ts";
import { type FinishedRun, folder, runTiny } from "./support.ts";
import { loadModel } from "../support/on-node.ts";

interface Row {
  /** Fields of config.json; those of the vocabulary are filled in. */
  readonly model: Readonly<Record<string, unknown>>;
  readonly task: Task;
  /** Options of the run beside those that all runs have. */
  readonly options: TrainOptions;
  /** How much the loss falls in the run, in nats. */
  readonly falls: number;
  /** Whether Muon trains it too: one model of each task, as it sees matrices and not what they are of. */
  readonly withMuon: boolean;
}

const MUON: readonly TrainOptions[] = [
  { method: "flora", optimizer: "muon", microSteps: 2 },
  { optimizer: "muon", projection: "coordinates", resampleEvery: 1 },
  { method: "dense", optimizer: "muon" },
];

const textFile = join(folder, "text.txt");
const sentences: string[] = [];
for (const { source, target } of grammarPairs(3)) {
  sentences.push(source, target);
  if (sentences.length === 400) break;
}
writeFileSync(textFile, sentences.join("\n"));

const text = {
  task: "causal",
  options: { train: textFile, contextLength: 32 },
  falls: 1.5,
} as const;

const pairs = {
  task: "seq2seq",
  options: { tooLong: "drop" },
  falls: 1.5,
} as const;

/** What is left of sentences, vowels or consonants. */
const labelledFile = join(folder, "labelled.tsv");
const labelled = sentences.map((sentence, i) => {
  const vowels = i % 2 === 0;
  return `${vowels ? "vowels" : "consonants"}\t${sentence.replaceAll(vowels ? /[^aeiou]/g : /[aeiou]/gi, "")}`;
});
writeFileSync(labelledFile, ["label\ttext", ...labelled].join("\n"));
const bertTokenizer = bertTokenizerDirectory();

const masked = {
  task: "masked",
  options: { train: textFile, contextLength: 32, tokenizer: bertTokenizer },
  falls: 0.5,
} as const;

const classes = {
  task: "classification",
  options: { train: labelledFile, tokenizer: bertTokenizer },
  falls: 0.3,
} as const;

const alike = {
  task: "embedding",
  options: { tooLong: "drop", tokenizer: bertTokenizer },
  falls: 0.3,
} as const;

const SETTINGS: Readonly<Partial<Record<Task, Omit<Row, "model" | "withMuon">>>> = {
  causal: text,
  seq2seq: pairs,
  masked,
  classification: classes,
  embedding: alike,
};

const ROWS = TINY_RUNS.map(({ task, model }, i): Row => {
  const settings = SETTINGS[task];
  if (!settings) throw new Error(`no data for ${task}`);
  const isFirst = TINY_RUNS.findIndex((other) => other.task === task) === i;
  return { ...settings, model, withMuon: isFirst };
});

/** Uses a model for its task; fails if that does not work. */
const USES: Readonly<Partial<Record<Task, (loaded: LoadedModel) => Promise<void>>>> = {
  async causal({ model, weights, tokenizer }) {
    const decoding = createDecoder(model, runtime, weights);
    const prompts = ["Der ", "A"].map((prompt) => tokenizer.encode(prompt));
    const made = await complete(decoding, prompts, { maxNewTokens: 40 });
    expect(made.map((tokens) => tokens.length)).toEqual([40, 40]);
    await decoding.release();
  },
  masked: ({ model, weights }) => {
    expect([...weights.keys()]).toEqual(expect.arrayContaining([...paramsInUse(model)]));
    return Promise.resolve();
  },
  async classification(loaded) {
    const classified = await classifyTexts(loaded, runtime, ["aeoi", "Dr Hnd."]);
    expect(classified.map(({ label }) => label)).toEqual(["vowels", "consonants"]);
  },
  async embedding(loaded) {
    const texts = ["Der Hund schläft.", "The dog is sleeping."];
    const [a, b] = await embedTexts(loaded, runtime, texts);
    expect(a).toHaveLength(32);
    expect(a).not.toEqual(b);
  },
  async seq2seq({ model, weights, tokenizer }) {
    const decoding = createDecoder(model, runtime, weights);
    const template = { prefix: "", suffix: "", ends: true };
    const prompts = ["Der Hund.", "Wir"].map((source) => promptIds(tokenizer, source, template));
    const made = await complete(decoding, prompts, { maxNewTokens: 40 });
    expect(made.map((tokens) => tokens.length)).toEqual([40, 40]);
    await decoding.release();
  },
};

describe.each(ROWS)("$model.model_type for $task", ({ model, task, options, falls, withMuon }) => {
  const shared: TrainOptions = {
    rank: 8,
    batchSize: 8,
    optimizer: "adam",
    learningRate: 0.01,
    ...options,
  };
  let scratch: FinishedRun;
  let continued: readonly FinishedRun[];
  beforeAll(async () => {
    scratch = await runTiny({ ...shared, model, steps: 40 });
    const next = { ...shared, model: scratch.output, steps: 2, recompute: "none" } as const;
    const runs: FinishedRun[] = [];
    const methods: readonly TrainOptions[] = [{ method: "flora" }, { method: "lora" }];
    for (const own of [...methods, ...(withMuon ? MUON : [])]) {
      runs.push(await runTiny({ ...next, ...own }));
    }
    continued = runs;
  });

  it("learns", () => {
    const { losses } = scratch;
    expect(losses).toHaveLength(40);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) - falls);
  });

  it("is saved with the fields that were given", () => {
    const { output } = scratch;
    const config: unknown = JSON.parse(readFileSync(join(output, "config.json"), "utf8"));
    expect(config).toMatchObject(model);
  });

  it("goes on from what was saved, keeping residuals, in memory as predicted", () => {
    for (const { losses, events } of continued) {
      expect(losses[0]).toBeLessThan((scratch.losses[0] ?? NaN) - falls);
      const end = events.at(-1);
      if (end?.type !== "end") throw new Error("no end");
      for (const { name, predicted, measured } of end.memory.rows) {
        if (measured !== undefined && name !== "activations") expect(measured).toBe(predicted);
      }
    }
  });

  it("is loaded and used, with an adapter too", async () => {
    const use = USES[task];
    if (!use) throw new Error(`no use for ${task}`);
    await use(await loadModel(runtime, { directory: scratch.output }));
    await use(await loadModel(runtime, { adapter: continued[1]?.output }));
  });
});
