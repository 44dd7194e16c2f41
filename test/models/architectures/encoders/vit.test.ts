/** ViT against transformers: logits, loss and every gradient of a tiny configuration, by the graph and by the pipeline of a run. */

import { accumulate, partsOfModel } from "../../../train/support.ts";
import { describe, expect, it } from "vitest";
import { type Adapter, adaptModel, linearWeights } from "../../../../src/adapters/index.ts";
import { grad } from "../../../../src/autodiff/index.ts";
import type { Batch } from "../../../../src/data/index.ts";
import { UsageError } from "../../../../src/errors.ts";
import { mapTensors } from "../../../../src/graph/tensors.ts";
import { input, type Value } from "../../../../src/graph/value.ts";
import { headOf, type Model } from "../../../../src/models/model.ts";
import { modelFromConfig } from "../../../../src/models/architectures/registry.ts";
import { vit } from "../../../../src/models/architectures/encoders/vit.ts";
import type { DropoutMasks } from "../../../../src/nn/dropout.ts";
import { crossEntropy, logitsOf } from "../../../../src/nn/loss.ts";
import { foldBatch } from "../../../../src/ops/movement.ts";
import type { TrainOptions } from "../../../../src/options/config.ts";
import { float32, zeros } from "../../../../src/tensor/host-tensor.ts";
import { matchTensors } from "../../../../src/weights/match-tensors.ts";
import { expectClose, FLOAT32, numbersOf } from "../../../support/close.ts";
import { type HostTensors, inputFor, runGraph, tensorNamed } from "../../../support/graph.ts";
import { normalTensor } from "../../../support/random.ts";
import { expectGradients, readGolden, targetsOf } from "../../golden.ts";

const golden = readGolden("vit");
const model = modelFromConfig(golden.config);
const pixels = tensorNamed(golden.inputs, "pixel_values");

const tensorInfo = (shape: readonly number[]) =>
  ({ dtype: "F32", shape, begin: 0, end: 0 }) as const;

type Weight = (name: string) => Value;

/** The parameters as inputs, each one value however often it is asked for. */
function inputsOf({ params }: Model): Weight {
  const values = new Map(
    [...params].map(([name, { shape }]) => [name, input(name, "float32", shape)]),
  );
  return (name) => values.get(name) ?? input(name, "float32", []);
}

/** The output of the last stage, [B, 1, C]. */
function forward({ stages }: Model, weight: Weight, masks?: DropoutMasks): Value {
  return stages.reduce<Value>(
    (x, stage) => stage.forward(x, mapTensors(stage.params, weight), { masks }),
    inputFor("pixels", pixels),
  );
}

function logits(own: Model, weight: Weight): Value {
  const head = headOf(own);
  return logitsOf({
    hidden: foldBatch(forward(own, weight)),
    weight: weight(head.weight),
    bias: weight(head.bias ?? ""),
  });
}

describe("a tiny ViT", () => {
  const { targets, weights: shares } = targetsOf(golden);

  it("has the parameters of the checkpoint, and its own task", () => {
    const own = [...model.params].map(([name, { shape }]) => [name, shape]);
    const theirs = Object.entries(golden.weights).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(theirs));
    expect(model).toMatchObject({
      type: "vit",
      task: "image-classification",
      width: 16,
      contextLength: 5,
      labels: ["LABEL_0", "LABEL_1", "LABEL_2"],
    });
    expect(model.inputTypes(2, 99)).toEqual({ pixels: { dtype: "float32", shape: [2, 3, 8, 8] } });
  });

  it("is found in a checkpoint without a head, whose pooler is left out", () => {
    const stored = [...model.params].flatMap(([name, { shape }]) =>
      name.startsWith("vit.")
        ? [{ storedName: name.slice("vit.".length), info: tensorInfo(shape) }]
        : [],
    );
    const pooler = { storedName: "pooler.dense.weight", info: tensorInfo([16, 16]) };
    const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
    const found = matchTensors("a", [...stored, pooler], shapes, model.checkpoint);
    const missing = [...shapes.keys()].filter((name) => !found.has(name));
    expect(missing).toEqual(["classifier.weight", "classifier.bias"]);
  });

  it("has the logits, the loss and the gradients of transformers", async () => {
    const weight = inputsOf(model);
    const own = logits(model, weight);
    const loss = crossEntropy(own, inputFor("targets", targets), inputFor("shares", shares));
    const names = [...model.params.keys()];
    const gradients = grad(loss, names.map(weight));
    const named = names.flatMap((name, i) => {
      const gradient = gradients[i];
      return gradient ? [[`grad ${name}`, gradient] as const] : [];
    });
    const feeds = { ...golden.weights, pixels, targets, shares };
    const results = await runGraph({ own, loss, ...Object.fromEntries(named) }, feeds);
    expectClose(numbersOf(tensorNamed(results, "own")), numbersOf(golden.logits), FLOAT32);
    expectClose(numbersOf(tensorNamed(results, "loss")), [golden.loss], FLOAT32);
    expectGradients(
      Object.fromEntries(names.map((name) => [name, tensorNamed(results, `grad ${name}`)])),
      golden,
    );
  });

  const variants: readonly TrainOptions[] = [{}, { recompute: "none" }, { vocabularyChunk: 2 }];
  it.each(variants)("has them in the pipeline of a run, %j", async (options) => {
    const size = pixels.shape[0] ?? 0;
    const { engine } = partsOfModel(
      model,
      Object.entries(golden.weights),
      { method: "dense", microSteps: 2, ...options },
      [model.inputTypes(size, 0)],
    );
    const batch: Batch = {
      size,
      inputs: { pixels },
      targets: Int32Array.from(numbersOf(targets)),
      weights: Float32Array.from(numbersOf(shares)),
      tokens: size,
      lossTokens: size,
    };
    const loss = await accumulate(engine, batch);
    expectClose([loss], [golden.loss], FLOAT32);
    const sums: Record<string, HostTensors[string]> = {};
    for (const [name, { sum }] of engine.state.accumulators) {
      const { shape = [] } = model.params.get(name) ?? {};
      sums[name] = float32(shape, Float32Array.from((await sum?.read()) ?? [], Number));
    }
    expectGradients(sums, golden);
    await engine.release();
  });

  it("takes adapters on the maps of its blocks, which change nothing while B is 0", async () => {
    const names = linearWeights(model);
    expect(names).toHaveLength(2 * 6);
    const adapters = names.map((weight): Adapter => ({
      weight,
      rank: 2,
      scale: 4,
    }));
    const adapted = adaptModel(model, adapters);
    const added = [...adapted.params].filter(([name]) => !model.params.has(name));
    const feeds = (b: number): HostTensors => ({
      ...golden.weights,
      pixels,
      ...Object.fromEntries(
        added.map(([name, { shape }], i) => {
          const isB = name.includes("lora_B");
          return [name, isB && b === 0 ? zeros("float32", shape) : normalTensor(i, shape)];
        }),
      ),
    });
    const own = logits(adapted, inputsOf(adapted));
    const [same, other] = await Promise.all([0, 1].map((b) => runGraph({ own }, feeds(b))));
    expectClose(numbersOf(tensorNamed(same ?? {}, "own")), numbersOf(golden.logits), FLOAT32);
    expect(numbersOf(tensorNamed(other ?? {}, "own"))).not.toEqual(numbersOf(golden.logits));
  });
});

describe("dropout", () => {
  it("takes its rates from the configuration, and a mask for each place of a stage", () => {
    const masks: string[] = [];
    const dropping = vit({
      ...golden.config,
      num_hidden_layers: 1,
      hidden_dropout_prob: 0.1,
      attention_probs_dropout_prob: 0.2,
    });
    forward(dropping, inputsOf(dropping), {
      mask(name, shape, rate) {
        masks.push(`${name} ${shape.join("x")} ${rate}`);
        return input(`mask ${name}`, "uint8", shape);
      },
    });
    expect(masks).toEqual([
      "embeddings 3x5x16 0.1",
      "probabilities 3x4x5x5 0.2",
      "attention 3x5x16 0.1",
      "output 3x5x16 0.1",
    ]);
  });
});

describe("the configuration", () => {
  it("is the base size where nothing is said", () => {
    const { width, contextLength, params, stages } = vit({ num_labels: 1000 });
    expect([width, contextLength, stages.length]).toEqual([768, 197, 14]);
    const elements = [...params.values()].map(({ shape }) => shape.reduce((n, dim) => n * dim, 1));
    // https://huggingface.co/google/vit-base-patch16-224: 86.6M
    expect(elements.reduce((sum, count) => sum + count, 0)).toBe(86_567_656);
  });

  it("may have rectangular images, and queries, keys and values without biases", () => {
    const { params, contextLength } = vit({
      image_size: [8, 12],
      patch_size: [4, 2],
      qkv_bias: false,
    });
    expect(contextLength).toBe(1 + 2 * 6);
    expect(params.get("vit.embeddings.patch_embeddings.projection.weight")?.shape).toEqual([
      768, 3, 4, 2,
    ]);
    expect(params.has("vit.encoder.layer.0.attention.attention.key.bias")).toBe(false);
    expect(params.has("vit.encoder.layer.0.attention.output.dense.bias")).toBe(true);
  });

  it("makes a classifier of a model without a head", () => {
    expect(vit({ architectures: ["ViTModel"] }).config).toMatchObject({
      architectures: ["ViTForImageClassification"],
    });
  });

  it.each([
    [{ hidden_size: 10 }, "hidden_size must be divisible by num_attention_heads; got 10 and 12"],
    [{ image_size: 20 }, "image_size must be a multiple of patch_size; got 20 and 16"],
    [{ hidden_act: "quick" }, /^vit config: hidden_act: must be one of /],
    [{ architectures: ["ViTForMaskedImageModeling"] }, /^vit config: architectures/],
    [{ problem_type: "regression" }, /^vit config: problem_type: /],
  ])("%j is refused", (fields, message) => {
    expect(() => vit(fields)).toThrow(UsageError);
    expect(() => vit(fields)).toThrow(message);
  });
});
