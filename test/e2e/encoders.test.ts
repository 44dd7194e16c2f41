/** Encoders from task to task: a model that guessed tokens becomes a classifier, and one for embeddings; what was drawn is told. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { classifyTexts } from "../../src/predict/index.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { bertTokenizerDirectory } from "../support/bert-tokenizer.ts";
import { needsData } from "../support/data.ts";
import { type FinishedRun, folder, largestDifference, runTiny, weightsOf } from "./support.ts";
import { loadModel, openSafetensors } from "../support/on-node.ts";

const CHECKPOINT = "../shared/data/checkpoints/tiny_random_BertForSequenceClassification";
const COLA = "../shared/data/cola/in_domain_train.tsv";

const textFile = join(folder, "letters.txt");
writeFileSync(textFile, Array.from({ length: 900 }, (_, i) => "abcde"[(i * i) % 5]).join(" "));

/** Rows without a header line: an id, the class, the text. */
const classFile = join(folder, "classes.tsv");
const classes = Array.from({ length: 60 }, (_, i) => {
  const label = i % 2;
  return `${i}	${label}	${"ab"[label]?.repeat(1 + (i % 4))}`;
});
writeFileSync(classFile, classes.join("\n"));

const shared: TrainOptions = {
  batchSize: 8,
  steps: 3,
  rank: 4,
  optimizer: "adam",
  learningRate: 0.01,
};
const asClassifier: TrainOptions = {
  ...shared,
  task: "classify",
  train: classFile,
  textColumn: "3",
  labelColumn: "2",
};

const configOf = (output: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(join(output, "config.json"), "utf8"));

const drawnOf = ({ events: [start] }: FinishedRun) => (start?.type === "start" ? start.drawn : []);

async function namesIn(output: string): Promise<readonly string[]> {
  const file = await openSafetensors(join(output, "model.safetensors"));
  await file.close();
  return [...file.tensors.keys()];
}

describe("a model that guesses tokens", () => {
  let guesser: FinishedRun;
  beforeAll(async () => {
    guesser = await runTiny({
      ...shared,
      train: textFile,
      tokenizer: bertTokenizerDirectory(),
      contextLength: 16,
      model: {
        model_type: "bert",
        hidden_size: 32,
        num_hidden_layers: 1,
        num_attention_heads: 4,
        intermediate_size: 64,
        max_position_embeddings: 32,
      },
    });
  });

  it("is saved without a head of its own, and without settings for generation", async () => {
    const names = await namesIn(guesser.output);
    expect(names).toContain("cls.predictions.bias");
    expect(names).not.toContain("cls.predictions.decoder.weight");
    expect(readdirSync(guesser.output)).not.toContain("generation_config.json");
    expect(configOf(guesser.output)).toMatchObject({ architectures: ["BertForMaskedLM"] });
  });

  it("goes on after an interruption with the tokens hidden that would have been", async () => {
    const options = { ...shared, train: textFile, model: guesser.output, microSteps: 2 };
    const whole = await runTiny(options);
    const first = await runTiny(options, ({ type }) => type === "micro-step");
    const second = await runTiny({ ...options, output: first.output, resume: true });
    const [a, b] = [await weightsOf(whole.output), await weightsOf(second.output)];
    expect(largestDifference(a, b)).toBe(0);
  });

  it("becomes a classifier of the classes in the data, with a new head", async () => {
    const options = {
      ...asClassifier,
      model: guesser.output,
      method: "dense",
      steps: 60,
    } as const;
    const run = await runTiny(options);
    const head = ["classifier.weight", "classifier.bias"];
    const pooler = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"];
    expect(drawnOf(run).toSorted()).toEqual([...pooler, ...head].toSorted());
    expect(run.losses.at(-1)).toBeLessThan((run.losses[0] ?? 0) - 0.5);
    expect(configOf(run.output)).toMatchObject({
      architectures: ["BertForSequenceClassification"],
      id2label: { "0": "0", "1": "1" },
    });
    const evaluations = run.events.flatMap((e) => (e.type === "evaluation" ? [e.accuracy] : []));
    expect(evaluations.at(-1)).toBe(1);
    const loaded = await loadModel(runtime, { directory: run.output });
    const found = await classifyTexts(loaded, runtime, ["bbb", "aa"]);
    const others = join(folder, "others.tsv");
    writeFileSync(others, classes.map((row, i) => `${row}\t${"xyz"[i % 3]}`).join("\n"));
    const next = { ...asClassifier, train: others, labelColumn: "4", model: run.output };
    expect(drawnOf(await runTiny(next)).toSorted()).toEqual(head.toSorted());
    expect(found.map(({ label }) => label)).toEqual(["1", "0"]);
  });

  it("becomes one with adapters too, which are merged into it, and whose head is trained", async () => {
    const run = await runTiny({ ...asClassifier, model: guesser.output, method: "lora" });
    expect(await namesIn(run.output)).toContain("classifier.weight");
    expect(readdirSync(run.output)).not.toContain("adapter_config.json");
    const [start] = run.events;
    const plan = start?.type === "start" ? start.parameters : [];
    const frozen = (name: string) => plan.find((param) => param.name === name)?.frozen;
    expect(["classifier.weight", "classifier.bias"].map(frozen)).toEqual([false, false]);
    expect(frozen("bert.embeddings.word_embeddings.weight")).toBe(true);
  });

  it("becomes one for embeddings, with all that transformers looks for", async () => {
    const pairsFile = join(folder, "alike.tsv");
    writeFileSync(
      pairsFile,
      Array.from({ length: 40 }, (_, i) => `${"ab"[i % 2]} ${i}\t${"ab"[i % 2]} ${i}`).join("\n"),
    );
    const run = await runTiny({
      ...shared,
      task: "embed",
      train: pairsFile,
      model: guesser.output,
    });
    expect(drawnOf(run).toSorted()).toEqual(["pooler.dense.bias", "pooler.dense.weight"]);
    const names = await namesIn(run.output);
    expect(names).toEqual(
      expect.arrayContaining(["embeddings.LayerNorm.bias", "pooler.dense.bias"]),
    );
    const again = await runTiny({ ...asClassifier, model: run.output });
    expect(drawnOf(again).toSorted()).toEqual(["classifier.bias", "classifier.weight"]);
  });

  it.each<[TrainOptions, string]>([
    [{ task: "text" }, 'task: must be one of mask, classify, embed for the model type "bert"'],
    [{ ...asClassifier, labelColumn: "7" }, 'data: no column "7" in'],
    [
      { ...asClassifier, labelColumn: "1" },
      "labels: most texts have one of their own; got 60 of 60",
    ],
  ])("does not become what it cannot: %j", async (options, message) => {
    await expect(
      runTiny({ ...shared, train: textFile, model: guesser.output, ...options }),
    ).rejects.toThrow(message);
  });
});

describe("a classifier with a head of its own", needsData(CHECKPOINT, COLA), () => {
  const options: TrainOptions = {
    ...shared,
    model: CHECKPOINT,
    train: COLA,
    textColumn: "4",
    labelColumn: "2",
    batchSize: 16,
  };

  it("learns from CoLA by the numbers of its columns", async () => {
    const run = await runTiny({ ...options, task: "classify", steps: 50, evaluateEvery: 50 });
    expect(drawnOf(run)).toEqual([]);
    const held = run.events.flatMap((event) => (event.type === "evaluation" ? [event.loss] : []));
    expect(held.at(-1)).toBeLessThan((held[0] ?? 0) - 0.05);
    const loaded = await loadModel(runtime, { directory: run.output });
    const [found] = await classifyTexts(loaded, runtime, ["The book was read by Mary."]);
    expect(Object.keys(found?.probabilities ?? {})).toEqual(["0", "1"]);
  });

  it("has no names for its classes, which only the task gives it", async () => {
    await expect(runTiny(options)).rejects.toMatchObject({
      message: "labels: the model knows LABEL_0, LABEL_1; got 0",
      hint: expect.stringContaining('task: "classify"'),
    });
  });
});
