/** T5 against transformers: logits, loss, every gradient, and answers; what its configuration means. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grad } from "../../../../src/autodiff/index.ts";
import { UsageError } from "../../../../src/errors.ts";
import { complete, createDecoder } from "../../../../src/generate/index.ts";
import { mapTensors, type Tensors } from "../../../../src/graph/tensors.ts";
import { input, type Value } from "../../../../src/graph/value.ts";
import { headOf, headRows, ENCODER_OUTPUT, type Model } from "../../../../src/models/model.ts";
import { t5 } from "../../../../src/models/architectures/t5/t5.ts";
import type { DropoutMasks } from "../../../../src/nn/dropout.ts";
import { crossEntropy, logitsOf } from "../../../../src/nn/loss.ts";
import { foldBatch, slice } from "../../../../src/ops/movement.ts";

import { float32, int32 } from "../../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../../support/close.ts";
import { needsData } from "../../../support/data.ts";
import { testRuntime, inputFor, runGraph, tensorNamed } from "../../../support/graph.ts";
import { expectGradients, readGeneration, readGolden, SEQ2SEQ, targetsOf } from "../../golden.ts";
import { writeSafetensors, loadWeights, readConfig } from "../../../support/on-node.ts";

type Weight = (name: string) => Value;

/** The parameters as inputs, each one value however often it is asked for. */
function weightsOf({ params }: Model): Weight {
  const values = new Map(
    [...params].map(([name, { shape }]) => [name, input(name, "float32", shape)]),
  );
  return (name) => {
    const value = values.get(name);
    if (value) return value;
    throw new Error(`no parameter ${name}`);
  };
}

interface ForwardOptions {
  readonly weight?: Weight;
  readonly masks?: DropoutMasks;
}

/** The last hidden states, [B, T, C], by the stages in their order. */
function hiddenOf(
  model: Model,
  inputs: Tensors,
  { weight = weightsOf(model), masks }: ForwardOptions = {},
): Value {
  const read: Record<string, Value> = { ...inputs };
  let x: Value | undefined;
  for (const [index, stage] of model.stages.entries()) {
    const start = stage.source === undefined ? x : read[stage.source];
    if (!start) throw new Error(`nothing for ${stage.kind} to start from`);
    x = stage.forward(start, mapTensors(stage.params, weight), { inputs: read, masks });
    if (index === model.encoderEnd) read[ENCODER_OUTPUT] = x;
  }
  if (!x) throw new Error("a model without stages");
  return x;
}

describe.each(SEQ2SEQ)("a tiny model like %s", (name) => {
  const golden = readGolden(name);
  const model = t5(golden.config);

  it("has the parameters of the checkpoint", () => {
    const own = [...model.params].map(([each, { shape }]) => [each, shape]);
    const theirs = Object.entries(golden.weights).map(([each, { shape }]) => [each, shape]);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(theirs));
    expect(headRows(model)).toBe(48);
    expect(model).toMatchObject({
      type: "t5",
      task: "seq2seq",
      width: 16,
      vocabularySize: 48,
      decoderStart: 0,
      encoderEnd: 3,
    });
  });

  it("has the logits, the loss and the gradients of transformers", async () => {
    const { inputs, weights } = golden;
    const batch = {
      ids: tensorNamed(inputs, "input_ids"),
      attentionMask: tensorNamed(inputs, "attention_mask"),
      decoderIds: tensorNamed(inputs, "decoder_input_ids"),
    };
    const weight = weightsOf(model);
    const hidden = hiddenOf(
      model,
      mapTensors(batch, (tensor, each) => inputFor(each, tensor)),
      { weight },
    );
    const logits = logitsOf({ hidden: foldBatch(hidden), weight: weight(headOf(model).weight) });
    const labels = targetsOf(golden);
    const targets = inputFor("targets", labels.targets);
    const shares = inputFor("weights", labels.weights);
    const loss = crossEntropy(logits, targets, shares);
    const names = [...model.params.keys()];
    const gradients = grad(loss, names.map(weight)).flatMap((gradient, i) =>
      gradient ? [[`grad ${names[i]}`, gradient] as const] : [],
    );
    const results = await runGraph(
      { logits, loss, ...Object.fromEntries(gradients) },
      { ...weights, ...batch, ...labels },
    );
    expectClose(numbersOf(tensorNamed(results, "logits")), numbersOf(golden.logits), FLOAT32, {
      what: "logits",
    });
    expectClose(numbersOf(tensorNamed(results, "loss")), [golden.loss], FLOAT32, { what: "loss" });
    const named = names.map((each) => [each, tensorNamed(results, `grad ${each}`)] as const);
    expectGradients(Object.fromEntries(named), golden);
  });

  const runtime = testRuntime;
  const loaded = new Map(
    Object.entries(golden.weights).map(([each, tensor]) => [each, runtime.adopt(tensor)]),
  );

  it("answers as transformers does", async () => {
    const { prompts, greedy, maxNewTokens, endToken } = readGeneration(name);
    const decoder = createDecoder(model, runtime, loaded);
    const ids = prompts.map((prompt) => Int32Array.from(prompt));
    const made = await complete(decoder, ids, { maxNewTokens, stopTokens: [endToken] });
    await decoder.release();
    // A stop token is no part of what is made.
    const expected = greedy.map((tokens) => tokens.filter((token) => token !== endToken));
    expect(made.map((tokens) => [...tokens])).toEqual(expected);
  });

  it.each([[[6]], [[1, 2, 3, 4, 5, 6]], [[2, 3, 6]]])(
    "reads answers in parts that end at %j as it reads them whole",
    async (ends) => {
      const prompts = [Int32Array.of(7, 8, 9, 10, 11, 12), Int32Array.of(13, 14, 15)];
      const answers = [Int32Array.of(5, 4, 3, 2, 1, 2), Int32Array.of(20, 21, 22, 23, 24, 25)];
      const rows = [
        [7, 8, 9, 10, 11, 12],
        [13, 14, 15, 0, 0, 0],
      ];
      const whole = {
        ids: int32([2, 6], Int32Array.from(rows.flat())),
        attentionMask: int32(
          [2, 6],
          Int32Array.from(rows.flat(), (id) => (id > 0 ? 1 : 0)),
        ),
        decoderIds: int32([2, 7], Int32Array.from(answers.flatMap((row) => [0, ...row]))),
      };
      const weight = weightsOf(model);
      const inputs = mapTensors(whole, (tensor, each) => inputFor(each, tensor));
      const hidden = slice(hiddenOf(model, inputs, { weight }), { axis: 1, start: 6, end: 7 });
      const logits = logitsOf({ hidden: foldBatch(hidden), weight: weight(headOf(model).weight) });
      const results = await runGraph({ logits }, { ...golden.weights, ...whole });
      const expected = numbersOf(tensorNamed(results, "logits"));

      const decoder = createDecoder(model, runtime, loaded);
      const decoding = await decoder.open(prompts);
      let actual = await decoding.append(decoding.first);
      for (const [i, end] of ends.entries()) {
        actual = await decoding.append(answers.map((row) => row.slice(ends[i - 1] ?? 0, end)));
      }
      await decoder.release();
      expectClose(Array.from(actual), expected, FLOAT32, { what: "logits" });
    },
  );
});

const CHECKPOINT = "../shared/data/checkpoints/tiny_random_T5ForConditionalGeneration";

// Names as in that checkpoint, which an older transformers saved.
it("loads weights with tied copies of the embedding", async () => {
  const { config, weights } = readGolden("t5");
  const folder = mkdtempSync(join(tmpdir(), "flora-t5-"));
  const copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"];
  const tied = copies.map((name) => [name, tensorNamed(weights, "shared.weight")] as const);
  const saved = [...Object.entries(weights), ...tied];
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  await writeSafetensors(join(folder, "model.safetensors"), saved);
  const model = t5(await readConfig(folder));
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const loaded = await loadWeights(folder, shapes, model.checkpoint);
  expect([...loaded.keys()]).toEqual([...model.params.keys()]);
  expect(loaded.get("shared.weight")).toEqual(tensorNamed(weights, "shared.weight"));
});

it("loads a checkpoint with tied copies of its embedding", needsData(CHECKPOINT), async () => {
  const model = t5(await readConfig(CHECKPOINT));
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const weights = await loadWeights(CHECKPOINT, shapes, model.checkpoint);
  // 113 tensors, of which three are the embedding again.
  expect(weights.size).toBe(110);
  expect([...weights.keys()]).toEqual([...model.params.keys()]);
});

describe("dropout", () => {
  const fields = { vocab_size: 7, d_model: 4, d_kv: 2, d_ff: 6, num_layers: 1, num_heads: 2 };
  const inputs = {
    ids: input("ids", "int32", [2, 3]),
    attentionMask: input("attentionMask", "int32", [2, 3]),
    decoderIds: input("decoderIds", "int32", [2, 5]),
  };

  function drawn(dropout_rate: number): readonly string[] {
    const masks: string[] = [];
    const mask: DropoutMasks["mask"] = (name, shape, rate) => {
      masks.push(`${name} ${shape.join("x")} ${rate}`);
      return input(`mask ${name}`, "uint8", shape);
    };
    hiddenOf(t5({ ...fields, dropout_rate }), inputs, { masks: { mask } });
    return masks;
  }

  it("has a mask at each place where transformers has one", () => {
    expect(drawn(0.2)).toEqual([
      "embed 2x3x4 0.2",
      "self.weights 2x2x3x3 0.2",
      "self 2x3x4 0.2",
      "ff.inner 2x3x6 0.2",
      "ff 2x3x4 0.2",
      "norm 2x3x4 0.2",
      "embed 2x5x4 0.2",
      "self.weights 2x2x5x5 0.2",
      "self 2x5x4 0.2",
      "cross.weights 2x2x5x3 0.2",
      "cross 2x5x4 0.2",
      "ff.inner 2x5x6 0.2",
      "ff 2x5x4 0.2",
      "norm 2x5x4 0.2",
    ]);
  });

  it("draws nothing at rate 0", () => {
    expect(drawn(0)).toEqual([]);
  });
});

describe("the initial parameters", () => {
  const fields = { vocab_size: 50, d_model: 16, d_kv: 4, d_ff: 64, num_layers: 2, num_heads: 2 };
  const model = t5({ ...fields, tie_word_embeddings: false, feed_forward_proj: "gated-gelu" });

  // The deviations of T5PreTrainedModel._init_weights, with a factor of 1.
  it.each([
    ["shared.weight", "embedding", 1],
    ["lm_head.weight", "embedding", 1],
    ["encoder.block.1.layer.0.SelfAttention.q.weight", "matrix", 64 ** -0.5],
    ["encoder.block.1.layer.0.SelfAttention.k.weight", "matrix", 16 ** -0.5],
    ["decoder.block.1.layer.1.EncDecAttention.v.weight", "matrix", 16 ** -0.5],
    ["decoder.block.0.layer.1.EncDecAttention.o.weight", "matrix", 8 ** -0.5],
    ["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "embedding", 0.25],
    ["decoder.block.0.layer.2.DenseReluDense.wi_0.weight", "matrix", 0.25],
    ["decoder.block.0.layer.2.DenseReluDense.wo.weight", "matrix", 0.125],
  ])("%s, %s, is normal with deviation %d", (name, role, deviation) => {
    const spec = model.params.get(name);
    expect(spec?.role).toBe(role);
    expect(spec?.init).toEqual({ kind: "normal", deviation: expect.closeTo(deviation, 12) });
  });

  it("are ones in norms, all of them times the factor", () => {
    const half = t5({ ...fields, initializer_factor: 0.5 });
    const norm = "decoder.final_layer_norm.weight";
    expect(model.params.get(norm)?.init).toEqual({ kind: "constant", value: 1 });
    expect(half.params.get(norm)?.init).toEqual({ kind: "constant", value: 0.5 });
    expect(half.params.get("shared.weight")?.init).toEqual({ kind: "normal", deviation: 0.5 });
  });
});

describe("the configuration", () => {
  const elementsOf = ({ params }: Model) =>
    [...params.values()].reduce((sum, { shape }) => sum + shape.reduce((n, dim) => n * dim, 1), 0);

  it("is T5 small where nothing is said, and mT5 small where that is its type", () => {
    // https://huggingface.co/google-t5/t5-small and google/mt5-small: 60.5M and 300M
    expect(elementsOf(t5({}))).toBe(60_506_624);
    expect(elementsOf(t5({ model_type: "mt5" }))).toBe(300_176_768);
    expect(t5({}).config).toMatchObject({ architectures: ["T5ForConditionalGeneration"] });
    expect(t5({ model_type: "mt5" }).config).toMatchObject({
      architectures: ["MT5ForConditionalGeneration"],
      feed_forward_proj: "gated-gelu",
    });
  });

  // From modeling_t5.py and modeling_mt5.py, and what transformers 4 and 5 save. The scale is 4 ** -0.5.
  it.each([
    [{}, "shared.weight", 0.5],
    [{ tie_word_embeddings: true }, "shared.weight", 0.5],
    [{ tie_word_embeddings: false }, "lm_head.weight", 1],
    [{ scale_decoder_outputs: false, tie_word_embeddings: true }, "lm_head.weight", 1],
    [{ scale_decoder_outputs: true, tie_word_embeddings: false }, "lm_head.weight", 0.5],
    [{ model_type: "mt5", tie_word_embeddings: true }, "lm_head.weight", 1],
    [{ model_type: "mt5" }, "lm_head.weight", 1],
  ])("%j has the head %s, whose input is scaled by %d", async (fields, weight, scale) => {
    const model = t5({ vocab_size: 7, d_model: 4, d_ff: 6, num_layers: 1, ...fields });
    const isTied = weight === "shared.weight";
    expect(headOf(model).weight).toBe(weight);
    expect(model.params.has("lm_head.weight")).toBe(!isTied);
    expect(model.config["tie_word_embeddings"]).toBe(isTied);
    const x = input("x", "float32", [1, 4]);
    const norms = [model.stages[model.encoderEnd ?? -1], model.stages.at(-1)].map((stage) =>
      stage?.forward(
        x,
        mapTensors(stage.params, () => input("w", "float32", [4])),
      ),
    );
    const [encoder = x, decoder = x] = norms;
    const numbers = Float32Array.of(1, -2, 3, -4);
    const results = await runGraph(
      { encoder, decoder },
      { x: float32([1, 4], numbers), w: float32([4], numbers) },
    );
    const expected = numbersOf(tensorNamed(results, "encoder")).map((y) => y * scale);
    expectClose(numbersOf(tensorNamed(results, "decoder")), expected, FLOAT32);
  });

  it.each([
    [{ feed_forward_proj: "relu" }, ["wi", "wo"]],
    [{ feed_forward_proj: "gated-silu" }, ["wi_0", "wi_1", "wo"]],
    [{ feed_forward_proj: "gelu", is_gated_act: true }, ["wi_0", "wi_1", "wo"]],
    [{ feed_forward_proj: "gated-gelu", is_gated_act: false }, ["wi", "wo"]],
  ])("%j has the feed-forward matrices %j", (fields, expected) => {
    const path = "encoder.block.0.layer.1.DenseReluDense.";
    const names = [...t5({ num_layers: 1, ...fields }).params.keys()];
    expect(names.flatMap((name) => (name.startsWith(path) ? [name.split(".")[6]] : []))).toEqual(
      expected,
    );
  });

  it("has stacks of different heights, and one table of relative positions each", () => {
    const model = t5({ num_layers: 2, num_decoder_layers: 3 });
    expect(model.stages.map(({ kind }) => kind)).toEqual([
      "encoder embed",
      "encoder block",
      "encoder block",
      "encoder norm",
      "decoder embed",
      "decoder block",
      "decoder block",
      "decoder block",
      "decoder norm",
    ]);
    expect([...model.params.keys()].filter((name) => name.includes("relative"))).toEqual([
      "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
      "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    ]);
  });

  it("has no limit of positions, and 512 or n_positions tokens where none is asked for", () => {
    expect(t5({})).toMatchObject({ contextLength: Infinity, usualLength: 512 });
    expect(t5({ n_positions: 64 })).toMatchObject({ contextLength: Infinity, usualLength: 64 });
  });

  it("starts answers from decoder_start_token_id, or from padding", () => {
    expect(t5({}).decoderStart).toBe(0);
    expect(t5({ pad_token_id: 5 }).decoderStart).toBe(5);
    const model = t5({ pad_token_id: 5, decoder_start_token_id: 6 });
    expect([model.decoderStart, model.config["decoder_start_token_id"]]).toEqual([6, 6]);
  });

  it("has batches of two lengths", () => {
    const types = (...lengths: readonly [number, number, number?]) =>
      Object.entries(t5({}).inputTypes(...lengths)).map(([name, { shape }]) => [name, ...shape]);
    expect(types(2, 8, 3)).toEqual([
      ["ids", 2, 8],
      ["attentionMask", 2, 8],
      ["decoderIds", 2, 3],
    ]);
    expect(types(2, 8).at(-1)).toEqual(["decoderIds", 2, 8]);
  });

  it.each([
    [{ num_layers: 0 }, /^t5 config: num_layers: /],
    [{ model_type: "mt5", d_kv: 1.5 }, /^mt5 config: d_kv: /],
    [{ dropout_rate: 1 }, /^t5 config: dropout_rate: /],
    [{ is_encoder_decoder: false }, /^t5 config: is_encoder_decoder: /],
    [{ feed_forward_proj: "gated-gelu-new" }, /^t5 config: feed_forward_proj: /],
    [{ feed_forward_proj: "gated-tanhh" }, /^activation: must be one of .*; got tanhh$/],
    [
      { relative_attention_max_distance: 16 },
      "t5 config: relative_attention_max_distance must be above half of " +
        "relative_attention_num_buckets; got 16 and 32",
    ],
  ])("%j is refused", (fields, message) => {
    expect(() => t5(fields)).toThrow(UsageError);
    expect(() => t5(fields)).toThrow(message);
  });
});
