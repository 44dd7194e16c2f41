/** Handwritten digits from end to end: a Vision Transformer learns them, is saved, trained on and asked. */

import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { run as classify } from "../../src/cli/models/classify.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { writeDigits } from "../support/digits.ts";
import { type FinishedRun, folder, runTiny } from "./support.ts";
import { classifyImages, loadImageModel, mergeAdapter, predictMemory } from "../support/on-node.ts";

const images = join(folder, "images");

const model = {
  model_type: "vit",
  image_size: 28,
  patch_size: 14,
  num_channels: 1,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  initializer_range: 0.1,
};

const options: TrainOptions = {
  train: join(images, "train"),
  validation: join(images, "test"),
  model,
  optimizer: "adam",
  learningRate: 0.003,
  method: "dense",
  batchSize: 32,
  steps: 60,
  evaluateEvery: 30,
  evaluationBatches: 8,
};

const accuracies = ({ events }: FinishedRun): readonly number[] =>
  events.flatMap((event) => (event.type === "evaluation" ? [event.accuracy] : []));

const settingsIn = (output: string, file: string): unknown =>
  JSON.parse(readFileSync(join(output, file), "utf8"));

describe("a Vision Transformer", () => {
  let run: FinishedRun;
  beforeAll(async () => {
    await writeDigits([
      { folder: join(images, "train"), from: 0, count: 60 },
      { folder: join(images, "test"), from: 700, count: 10 },
    ]);
    run = await runTiny(options);
  }, 60_000);

  it("learns digits", () => {
    const { losses } = run;
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)).toBeLessThan(1.3);
    expect(accuracies(run)[0]).toBeLessThan(0.3);
    expect(accuracies(run).at(-1)).toBeGreaterThan(0.5);
  });

  it("learns them by a compressed Muon, too", async () => {
    const muon = await runTiny({
      ...options,
      method: "flora",
      rank: 8,
      optimizer: "muon",
      learningRate: 0.01,
    });
    expect(accuracies(muon).at(-1)).toBeGreaterThan(0.5);
    const end = muon.events.findLast((event) => event.type === "end");
    for (const { name, measured, predicted } of end?.memory.rows ?? []) {
      if (measured !== undefined && name !== "activations") expect(measured).toBe(predicted);
    }
  });

  it("says what it reads, and takes the memory that was predicted", () => {
    const start = run.events.find((event) => event.type === "start");
    expect(start?.data).toBe(
      "600 images of 10 classes, 100 held out; 28 x 28 pixels, 0.5 MB in all",
    );
    const end = run.events.findLast((event) => event.type === "end");
    const rows = new Map(end?.memory.rows.map((row) => [row.name, row]));
    expect(rows.get("images")).toEqual({ name: "images", predicted: 548_800, measured: 548_800 });
    for (const name of ["weights", "accumulators", "optimizer state"] as const) {
      expect(rows.get(name)?.measured).toBe(rows.get(name)?.predicted);
    }
  });

  it("is saved with its classes and what makes its inputs", () => {
    const { output } = run;
    expect(settingsIn(output, "config.json")).toMatchObject({
      architectures: ["ViTForImageClassification"],
      id2label: { 0: "0", 9: "9" },
      label2id: { 0: 0, 9: 9 },
    });
    expect(settingsIn(output, "config.json")).not.toHaveProperty("vocab_size");
    expect(settingsIn(output, "preprocessor_config.json")).toMatchObject({
      image_processor_type: "ViTImageProcessor",
      size: { height: 28, width: 28 },
      image_mean: [0.5],
    });
    expect(existsSync(join(output, "generation_config.json"))).toBe(false);
    expect(existsSync(join(output, "tokenizer.json"))).toBe(false);
  });

  it("says what images show, as often right as it was in training", async () => {
    const loaded = await loadImageModel(runtime, { directory: run.output });
    const paths = Array.from({ length: 100 }, (_, i) =>
      join(images, "test", String(i % 10), `${700 + Math.floor(i / 10)}.png`),
    );
    const found = await classifyImages(loaded, runtime, paths, { batchSize: 30 });
    const right = found.filter(({ label }, i) => label === String(i % 10));
    expect(right.length / 100).toBe(accuracies(run).at(-1));
    for (const { label, probability, probabilities } of found) {
      expect(probabilities[label]).toBe(probability);
      const sum = Object.values(probabilities).reduce((total, p) => total + p, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it("is asked on the command line, for files and folders", async () => {
    const written: string[] = [];
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const [file, other] = [join(images, "test/1/700.png"), join(images, "test/0")];
    expect(await classify(["--model", run.output, "--image", `${file},${other}`])).toBe(0);
    expect(await classify(["--model", run.output, "--image", file, "--json"])).toBe(0);
    write.mockRestore();
    expect(written).toHaveLength(1 + 10 + 1);
    expect(written[0]).toMatch(/^\d\t[\d.]+ %\t.*1\/700.png\n$/);
    const { image, label, probabilities } = JSON.parse(written.at(-1) ?? "");
    expect([image, label]).toEqual([file, written[0]?.[0]]);
    expect(Object.keys(probabilities)).toHaveLength(10);
    const both = ["--model", run.output, "--image", file, "--text", "1"];
    await expect(classify(both)).rejects.toThrow("--image, --text: give one of them");
    const text = ["--model", run.output, "--text", "1"];
    await expect(classify(text)).rejects.toThrow("a model for images, not for text");
  });

  it("takes the memory that is predicted without data, if the number of classes is said", async () => {
    const fields = { ...model, num_labels: 10 };
    const config = parseConfig({ ...options, train: ["unread"], model: fields });
    const { table } = await predictMemory(config);
    const end = run.events.findLast((event) => event.type === "end");
    const known = new Map(end?.memory.rows.map(({ name, measured }) => [name, measured]));
    for (const { name, predicted } of table.rows.slice(0, 3)) {
      expect(known.get(name)).toBe(predicted);
    }
  });

  it("is trained on, compressed and with an adapter, which can be merged into it", async () => {
    const next = { ...options, model: run.output, steps: 3, rank: 8, recompute: "none" } as const;
    const flora = await runTiny({ ...next, method: "flora", learningRate: 1e-4, augment: "crop" });
    const lora = await runTiny({ ...next, method: "lora", batchSize: 100 });
    const before = accuracies(run).at(-1);
    expect([accuracies(flora)[0], accuracies(lora)[0]]).toEqual([before, before]);
    expect(settingsIn(lora.output, "adapter_config.json")).toMatchObject({
      task_type: null,
      modules_to_save: ["classifier"],
      target_modules: expect.arrayContaining(["attention.attention.query"]),
    });
    const merged = join(folder, "merged");
    await mergeAdapter({ adapter: lora.output, output: merged });
    const paths = [join(images, "test/3/700.png")];
    const results = await Promise.all(
      [{ directory: merged }, { adapter: lora.output }].map(async (names) => {
        const loaded = await loadImageModel(runtime, names);
        return classifyImages(loaded, runtime, paths);
      }),
    );
    expect(results[0]?.[0]?.probability).toBeCloseTo(results[1]?.[0]?.probability ?? NaN, 5);
  });

  it("gets other classes on request only", async () => {
    const other = join(images, "other");
    for (const label of ["even", "odd"]) {
      mkdirSync(join(other, label), { recursive: true });
      for (const i of [0, 1])
        copyFileSync(join(images, `train/0/${i}.png`), join(other, label, `${i}.png`));
    }
    const next = { ...options, model: run.output, train: other, validation: other, steps: 1 };
    await expect(runTiny(next)).rejects.toThrow(
      "labels: the model knows 0, 1, 2, 3, 4, ...; got even",
    );
    const { events, output } = await runTiny({ ...next, task: "classify" });
    expect(events[0]).toMatchObject({ drawn: ["classifier.weight", "classifier.bias"] });
    expect(settingsIn(output, "config.json")).toMatchObject({ id2label: { 0: "even", 1: "odd" } });
  });
});
