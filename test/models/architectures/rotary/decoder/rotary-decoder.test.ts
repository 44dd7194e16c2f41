/**
 * Llama and its relatives against transformers: logits, loss and every gradient of tiny models,
 * through the functions of the stages, through the pipeline of training, and through the decoder.
 * What they write is compared in test/generate/architectures.test.ts.
 */

import { describe, expect, it } from "vitest";
import { chooseAdapters } from "../../../../../src/adapters/index.ts";
import { grad } from "../../../../../src/autodiff/index.ts";
import type { Batch } from "../../../../../src/data/index.ts";
import { createDecoder } from "../../../../../src/generate/index.ts";
import { mapTensors } from "../../../../../src/graph/tensors.ts";
import { input, type Value } from "../../../../../src/graph/value.ts";
import { headOf, type Model } from "../../../../../src/models/model.ts";
import { modelFromConfig } from "../../../../../src/models/architectures/registry.ts";
import { crossEntropy, logitsOf } from "../../../../../src/nn/loss.ts";
import { foldBatch } from "../../../../../src/ops/movement.ts";
import { float32, int32 } from "../../../../../src/tensor/host-tensor.ts";
import type { TrainOptions } from "../../../../../src/options/config.ts";
import { expectClose, FLOAT32, numbersOf } from "../../../../support/close.ts";
import { testRuntime, inputFor, runGraph, tensorNamed } from "../../../../support/graph.ts";
import { accumulate, type Parts, partsOfModel } from "../../../../train/support.ts";
import {
  type DecoderName,
  DECODERS,
  expectGradients,
  type Golden,
  readGolden,
  targetsOf,
} from "../../../golden.ts";

/** The width of cached keys: heads of keys times the width of a head. */
const CACHE_WIDTHS: Readonly<Record<DecoderName, number>> = {
  llama: 2 * 4,
  llama3: 1 * 8,
  mistral: 2 * 6,
  qwen2: 2 * 4,
  qwen3: 2 * 8,
  gemma: 1 * 6,
  gemma2: 2 * 6,
  smollm3: 2 * 4,
  granite: 2 * 4,
  olmo2: 2 * 4,
  phi3: 2 * 4,
  qwen3_moe: 2 * 4,
  qwen3_moe_unnormalized: 2 * 6,
};

const ATTENTION_MAPS = ["q_proj", "k_proj", "v_proj", "o_proj"];
const MLP_MAPS = ["gate_proj", "up_proj", "down_proj"];
const FUSED_MAPS = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"];

/** A layer of so many experts, after the router. */
const expertMaps = (count: number) => [
  ...ATTENTION_MAPS,
  "gate",
  ...Array.from({ length: count }, () => MLP_MAPS).flat(),
];

/** The linear maps of those that have others than Llama. */
const MAPS: ReadonlyMap<string, readonly string[]> = new Map([
  ["phi3", [...FUSED_MAPS, ...FUSED_MAPS]],
  ["qwen3_moe", [...ATTENTION_MAPS, ...MLP_MAPS, ...expertMaps(4)]],
  ["qwen3_moe_unnormalized", [...expertMaps(3), ...expertMaps(3)]],
]);

/** The parameters as inputs, each one value however often it is asked for. */
function weightsOf({ params }: Model): (name: string) => Value {
  const values = new Map(
    [...params].map(([name, { shape }]) => [name, input(name, "float32", shape)]),
  );
  return (name) => {
    const value = values.get(name);
    if (value) return value;
    throw new Error(`no parameter ${name}`);
  };
}

/** The logits of ids [B, T], [B T, V]. */
function logitsOfIds(model: Model, ids: Value, weight: (name: string) => Value): Value {
  const head = headOf(model);
  const hidden = model.stages.reduce<Value>(
    (x, stage) => stage.forward(x, mapTensors(stage.params, weight)),
    ids,
  );
  return logitsOf({
    hidden: foldBatch(hidden),
    weight: weight(head.weight),
    softcap: head.softcap,
  });
}

/** The batch of a golden, whose loss is a sum over targets. */
function batchOf(golden: Golden): Batch {
  const ids = tensorNamed(golden.inputs, "input_ids");
  const { targets, weights } = targetsOf(golden);
  return {
    size: ids.shape[0] ?? 0,
    inputs: { ids },
    targets: Int32Array.from(numbersOf(targets)),
    weights: Float32Array.from(numbersOf(weights), (weight) => (weight > 0 ? 1 : 0)),
    tokens: ids.data.length,
    lossTokens: golden.targets,
  };
}

/** A micro-step over the batch of a golden: the mean loss, and the accumulators by parameter. */
async function microStep(golden: Golden, options: TrainOptions) {
  const model = modelFromConfig(golden.config);
  const parts: Parts = partsOfModel(model, Object.entries(golden.weights), {
    microSteps: 2,
    ...options,
  });
  const { engine } = parts;
  const loss = await accumulate(engine, batchOf(golden));
  const { accumulators } = engine.state;
  await engine.release();
  return { loss: loss / golden.targets, accumulators };
}

describe.each(DECODERS)("a tiny model like %s", (name) => {
  const cacheWidth = CACHE_WIDTHS[name];
  const golden = readGolden(name);
  const model = modelFromConfig(golden.config);
  const weights = new Map(
    Object.entries(golden.weights).map(([each, tensor]) => [each, testRuntime.adopt(tensor)]),
  );

  it("has the parameters of the checkpoint", () => {
    const own = [...model.params].map(([each, { shape }]) => [each, shape]);
    const theirs = Object.entries(golden.weights).map(([each, { shape }]) => [each, shape]);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(theirs));
    expect(model).toMatchObject({
      type: golden.config["model_type"],
      task: "causal",
      width: 16,
      vocabularySize: 48,
      contextLength: 64,
    });
  });

  it("has the logits, the loss and the gradients of transformers", async () => {
    const weight = weightsOf(model);
    const ids = tensorNamed(golden.inputs, "input_ids");
    const logits = logitsOfIds(model, inputFor("ids", ids), weight);
    const labels = targetsOf(golden);
    const targets = inputFor("targets", labels.targets);
    const loss = crossEntropy(logits, targets, inputFor("weights", labels.weights));
    const names = [...model.params.keys()];
    const gradients = grad(loss, names.map(weight)).flatMap((gradient, i) =>
      gradient ? [[`grad ${names[i]}`, gradient] as const] : [],
    );
    const outputs = { logits, loss, ...Object.fromEntries(gradients) };
    const results = await runGraph(outputs, { ...golden.weights, ids, ...labels });
    const [actual, expected] = [tensorNamed(results, "logits"), golden.logits].map(numbersOf);
    const vocabulary = model.vocabularySize;
    const mask = numbersOf(tensorNamed(golden.inputs, "attention_mask"));
    const ofTokens = (numbers: readonly number[] = []) =>
      numbers.filter((_, i) => mask[Math.floor(i / vocabulary)] === 1);
    expectClose(ofTokens(actual), ofTokens(expected), FLOAT32, { what: "logits" });
    expectClose(numbersOf(tensorNamed(results, "loss")), [golden.loss], FLOAT32, { what: "loss" });
    const named = names.map((each) => [each, tensorNamed(results, `grad ${each}`)] as const);
    expectGradients(Object.fromEntries(named), golden);
  });

  it.each<TrainOptions>([
    {},
    { recompute: "cheap" },
    { recompute: "none" },
    { vocabularyChunk: 20 },
  ])("has them in training too, with %j", async (options) => {
    const { loss, accumulators } = await microStep(golden, { method: "dense", ...options });
    expectClose([loss], [golden.loss], FLOAT32, { what: "loss" });
    const gradients = await Promise.all(
      [...accumulators].map(async ([each, { sum }]) => {
        if (!sum) throw new Error(`no sum for ${each}`);
        const numbers = Array.from(await sum.read(), Number);
        const means = numbers.map((x) => x / golden.targets);
        return [each, float32(sum.shape, Float32Array.from(means))] as const;
      }),
    );
    expectGradients(Object.fromEntries(gradients), golden);
  });

  it("has adapters at all its linear maps", async () => {
    const options = { targets: ["*"], rank: 2, alpha: 2, rankPattern: {}, alphaPattern: {} };
    const maps = chooseAdapters(model, options).map(({ weight }) => weight.split(".").slice(-2)[0]);
    expect(maps).toEqual(
      MAPS.get(name) ?? [...ATTENTION_MAPS, ...MLP_MAPS, ...ATTENTION_MAPS, ...MLP_MAPS],
    );
    const { loss, accumulators } = await microStep(golden, { method: "lora", rank: 2 });
    expectClose([loss], [golden.loss], FLOAT32, { what: "loss" });
    expect(accumulators.size).toBe(2 * maps.length);
  });

  it("decodes what it computes at once, in a cache of its heads of keys", async () => {
    const widths = model.stages.flatMap(({ decoding }) => decoding?.cacheWidth ?? []);
    expect(widths).toEqual([cacheWidth, cacheWidth]);

    const length = 20;
    const vocabulary = model.vocabularySize;
    const row = Int32Array.from({ length }, (_, i) => 3 + ((i * 17) % 45));
    const ids = int32([1, length], row);
    const logits = logitsOfIds(model, inputFor("ids", ids), weightsOf(model));
    const results = await runGraph({ logits }, { ...golden.weights, ids });
    const whole = numbersOf(tensorNamed(results, "logits"));
    const decoder = createDecoder(model, testRuntime, weights);
    const decoding = await decoder.open([row]);
    let end = 0;
    for (const count of [1, 5, 1, 1, 7, 1, 1, 3]) {
      const next = Array.from(await decoding.append([row.slice(end, end + count)]));
      end += count;
      const expected = whole.slice((end - 1) * vocabulary, end * vocabulary);
      expectClose(next, expected, FLOAT32, { what: `logits after ${end} tokens` });
    }
    await decoder.release();
  });
});

it("drops attention at the rate of the configuration, in every layer", () => {
  const { config } = readGolden("llama");
  const drawn: string[] = [];
  const model = modelFromConfig({ ...config, attention_dropout: 0.25 });
  const weight = weightsOf(model);
  model.stages.reduce<Value>(
    (x, stage) =>
      stage.forward(x, mapTensors(stage.params, weight), {
        masks: {
          mask(name, shape, rate) {
            drawn.push(`${name} ${shape.join("x")} ${rate}`);
            return input(`mask ${name}`, "uint8", shape);
          },
        },
      }),
    input("ids", "int32", [3, 5]),
  );
  // Four heads of queries, two for each of two heads of keys.
  expect(drawn).toEqual(["attn 3x2x2x5x5 0.25", "attn 3x2x2x5x5 0.25"]);
});
