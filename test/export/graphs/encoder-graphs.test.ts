/**
 * Exported encoders in transformers.js: logits and vectors as transformers has them (goldens of test/golden/make_models.py), in a padded
 * batch and of every row alone; and its pipelines, which read the files beside the graph.
 */

import { join } from "node:path";
import {
  AutoModel,
  AutoModelForImageClassification,
  AutoModelForMaskedLM,
  AutoModelForSequenceClassification,
  mean_pooling,
  pipeline,
  Tensor,
} from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { imageProcessor } from "../../../src/images/index.ts";
import { imageInputOf } from "../../../src/models/model.ts";
import { modelFromConfig } from "../../../src/models/architectures/registry.ts";
import { embedTexts } from "../../../src/predict/index.ts";
import type { HostTensor } from "../../../src/tensor/host-tensor.ts";
import {
  CLASSIFIERS,
  EMBEDDERS,
  MASKED,
  readEmbeddingGolden,
  readGolden,
} from "../../models/golden.ts";
import { drawnModel, runtime, savedModel } from "../../predict/support.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { writeDigits } from "../../support/digits.ts";
import { type HostTensors, tensorNamed } from "../../support/graph.ts";
import { normalTensor } from "../../support/random.ts";
import { exportSaved, modelFolder, numbersIn } from "../support.ts";
import { classifyImages, exportModel, loadImageModel, loadModel } from "../../support/on-node.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";

const folder = modelFolder();
const fp32 = { dtype: "fp32" } as const;

/** The batch as it is, and each of its rows alone, without its padding. */
function batchesOf(inputs: HostTensors) {
  const mask = tensorNamed(inputs, "attention_mask");
  const [rows = 0, length = 0] = mask.shape;
  const all = Array.from({ length: rows }, (_, row) => {
    const tokens = mask.data.slice(row * length, (row + 1) * length);
    return { from: row, rows: 1, length: Array.from(tokens, Number).filter(Boolean).length };
  });
  return [{ from: 0, rows, length }, ...all];
}
type Part = ReturnType<typeof batchesOf>[number];

/** [rows, length, ...] of a tensor [B, T, ...]. */
function partOf({ shape, data }: HostTensor, { from, rows, length }: Part) {
  const [, longest = 0, ...rest] = shape;
  const width = rest.reduce((n, dim) => n * dim, 1);
  const numbers = Array.from({ length: rows }, (_, i) => {
    const start = (from + i) * longest * width;
    return Array.from(data.slice(start, start + length * width), Number);
  });
  return { dims: [rows, length, ...rest], numbers: numbers.flat() };
}

/** The inputs of a part, which transformers.js completes with the types of tokens where there are none. */
function feedsOf(inputs: HostTensors, part: Part) {
  const tensor = (name: string) => {
    const { dims, numbers } = partOf(tensorNamed(inputs, name), part);
    return new Tensor("int64", BigInt64Array.from(numbers, BigInt), dims);
  };
  return {
    input_ids: tensor("input_ids"),
    attention_mask: tensor("attention_mask"),
    ...("token_type_ids" in inputs && { token_type_ids: tensor("token_type_ids") }),
  };
}

describe("a BERT", () => {
  it.each(MASKED)("guesses tokens as transformers does: %s", async (name) => {
    const golden = readGolden(name);
    await exportSaved(folder, name, golden);
    const model = await AutoModelForMaskedLM.from_pretrained(name, fp32);
    for (const part of batchesOf(golden.inputs)) {
      const { logits } = await model(feedsOf(golden.inputs, part));
      const { dims, numbers } = numbersIn(logits);
      const expected = partOf(golden.logits, part);
      expect(dims).toEqual(expected.dims);
      expectClose(numbers, expected.numbers, FLOAT32);
    }
  });

  it.each(CLASSIFIERS)("classifies texts as transformers does: %s", async (name) => {
    const golden = readGolden(name);
    expect("token_type_ids" in golden.inputs).toBe(name === "bert_classification");
    await exportSaved(folder, name, golden);
    const model = await AutoModelForSequenceClassification.from_pretrained(name, fp32);
    for (const part of batchesOf(golden.inputs)) {
      const { logits } = await model(feedsOf(golden.inputs, part));
      const { dims, numbers } = numbersIn(logits);
      const expected = partOf(golden.logits, { ...part, length: 3 });
      expect(dims).toEqual(expected.dims);
      expectClose(numbers, expected.numbers, FLOAT32);
    }
  });

  it.each(EMBEDDERS)("has states whose means are the vectors of transformers: %s", async (name) => {
    const golden = readEmbeddingGolden(name);
    await exportSaved(folder, name, golden);
    const model = await AutoModel.from_pretrained(name, fp32);
    for (const part of batchesOf(golden.inputs)) {
      const feeds = feedsOf(golden.inputs, part);
      const output = await model(feeds);
      expect(Object.keys(output)).toEqual(["last_hidden_state"]);
      const mean = mean_pooling(output.last_hidden_state, feeds.attention_mask);
      const { dims, numbers } = numbersIn(mean.normalize(2, -1));
      const expected = partOf(golden.embeddings, { ...part, length: 16 });
      expect(dims).toEqual(expected.dims);
      expectClose(numbers, expected.numbers, FLOAT32);
    }
  });

  it("makes vectors of texts in a pipeline, as it does here", async () => {
    const directory = await savedModel(drawnModel({ architectures: ["BertModel"] }));
    await exportModel(sharedRuntime, { directory, output: join(folder, "texts") });
    const texts = ["abc", "x", "hello you"];
    const loaded = await loadModel(runtime, { directory });
    const expected = await embedTexts(loaded, runtime, texts, { normalize: true });
    const extract = await pipeline("feature-extraction", "texts", fp32);
    const vectors = await extract(texts, { pooling: "mean", normalize: true });
    expectClose(
      numbersIn(vectors).numbers,
      expected.flatMap((vector) => Array.from(vector)),
      FLOAT32,
    );
  });
});

describe("a ViT", () => {
  it("classifies images as transformers does", async () => {
    const golden = readGolden("vit");
    await exportSaved(folder, "vit", golden);
    const { shape, data } = tensorNamed(golden.inputs, "pixel_values");
    const [images = 0, ...image] = shape;
    const size = data.length / images;
    const model = await AutoModelForImageClassification.from_pretrained("vit", fp32);
    for (const [from, rows] of [
      [0, images],
      [1, 1],
    ] as const) {
      const pixels = Float32Array.from(data.slice(from * size, (from + rows) * size), Number);
      const { logits } = await model({
        pixel_values: new Tensor("float32", pixels, [rows, ...image]),
      });
      const { dims, numbers } = numbersIn(logits);
      expect(dims).toEqual([rows, 3]);
      expectClose(numbers, numbersOf(golden.logits).slice(from * 3, (from + rows) * 3), FLOAT32);
    }
  });

  it("classifies files in a pipeline, as it does here", async () => {
    const fields = { ...readGolden("vit").config, image_size: 28, patch_size: 7 };
    const model = modelFromConfig(fields);
    const { files } = imageProcessor({}, imageInputOf(model));
    const weights = Object.fromEntries(
      [...model.params].map(([name, { shape }], i) => [name, normalTensor(i, shape)]),
    );
    const directory = await exportSaved(folder, "digits", { config: model.config, weights, files });
    const images = join(folder, "images");
    await writeDigits([{ folder: images, from: 0, count: 1 }]);
    const paths = [3, 8].map((digit) => join(images, String(digit), "0.png"));
    const loaded = await loadImageModel(runtime, { directory });
    const expected = await classifyImages(loaded, runtime, paths);
    const classify = await pipeline("image-classification", "digits", fp32);
    const found = await classify(paths, { top_k: 3 });
    const scores = found.map((classes) =>
      Object.fromEntries([classes].flat().map(({ label, score }) => [label, score])),
    );
    const labels = model.labels ?? [];
    expectClose(
      scores.flatMap((own) => labels.map((label) => own[label] ?? Number.NaN)),
      expected.flatMap(({ probabilities }) => Object.values(probabilities)),
      FLOAT32,
    );
  });

  it("without its head is refused, by the names of what is missing", async () => {
    const { config, weights } = readGolden("vit");
    const { "classifier.weight": _, ...rest } = weights;
    await expect(exportSaved(folder, "headless", { config, weights: rest })).rejects.toThrow(
      UsageError,
    );
    await expect(
      exportModel(sharedRuntime, {
        directory: join(folder, "headless-saved"),
        output: join(folder, "none"),
      }),
    ).rejects.toThrow("weights do not fit the model; missing: classifier.weight");
  });
});
