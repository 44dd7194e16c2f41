/**
 * GGUF that is written. Small models that gguf-py wrote (test/golden/make_gguf_models.py) are read and written again: the tensors must be
 * the same bytes, and the metadata must say the same.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type GgufFile, openGguf } from "../../src/gguf/gguf-file.ts";
import { nodeHost } from "../../src/host/node.ts";
import { byteTokenizer } from "../../src/text/index.ts";
import { GGUF_MODELS } from "../support/architectures.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { normalTensor } from "../support/random.ts";
import {
  exportModel,
  loadModel,
  mergeAdapter,
  readConfig,
  saveAdapter,
  saveModel,
} from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { failure, temporaryDirectory } from "../weights/support.ts";

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../golden/gguf/${name}.gguf`, import.meta.url));
const { files } = nodeHost();

type Settings = Omit<Parameters<typeof exportModel>[1], "output">;

const open: GgufFile[] = [];
afterAll(() => Promise.all(open.map((file) => file.close())));

async function opened(path: string): Promise<GgufFile> {
  const file = await openGguf(files, path);
  open.push(file);
  return file;
}

async function exported(settings: Settings): Promise<GgufFile> {
  const output = join(temporaryDirectory(), "out");
  await exportModel(sharedRuntime, { format: "gguf", output, ...settings });
  return opened(join(output, "model.gguf"));
}

const bytesOf = async (file: GgufFile, name: string) => Buffer.from(await file.readBytes(name));

describe.each(GGUF_MODELS)("%s, written again", (name) => {
  const both = () =>
    Promise.all([opened(pathOf(name)), exported({ directory: pathOf(name), dtype: "fp16" })]);

  it("has the same tensors, byte for byte", async () => {
    const [given, made] = await both();
    expect([...made.tensors.keys()].toSorted()).toEqual([...given.tensors.keys()].toSorted());
    for (const [tensor, { shape, type }] of given.tensors) {
      // llama.cpp adds positions in float32, and has them so.
      const isWhole = tensor === "position_embd.weight";
      expect(made.tensors.get(tensor)).toMatchObject({ shape, type: isWhole ? {} : type });
      if (tensor === "rope_freqs.weight") {
        // PyTorch rounds to float32 on the way.
        expectClose([...(await made.read(tensor))], [...(await given.read(tensor))], FLOAT32);
      } else if (isWhole) expect(await made.read(tensor)).toEqual(await given.read(tensor));
      else expect(await bytesOf(made, tensor)).toEqual(await bytesOf(given, tensor));
    }
  });

  it("has the same metadata, and scores in the same order", async () => {
    const [given, made] = await both();
    const fields = new Map(given.metadata);
    for (const key of ["general.name", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"]) {
      fields.delete(key);
    }
    expect(Object.fromEntries(made.metadata)).toMatchObject(Object.fromEntries(fields));
    const { tokenizer } = await loadModel(sharedRuntime, { directory: pathOf(name) });
    const output = join(temporaryDirectory(), "out");
    await exportModel(sharedRuntime, { format: "gguf", output, directory: pathOf(name) });
    const again = await loadModel(sharedRuntime, { directory: join(output, "model.gguf") });
    expect(again.tokenizer.files.get("tokenizer_config.json")).toBe(
      tokenizer.files.get("tokenizer_config.json"),
    );
    const text = "the quick brown fox, don't 2024 größer 日本語 <s>x</s>  y";
    expect([...again.tokenizer.encodePrompt(text)]).toEqual([...tokenizer.encodePrompt(text)]);
  });
});

describe("a GGUF file", () => {
  const directory = pathOf("qwen3");

  it.each([
    ["fp32", "F32", 0],
    ["fp16", "F16", 1],
    ["bf16", "BF16", 32],
    // Rows of 16 are no whole blocks.
    ["q8", "F16", 7],
  ] as const)("of %s has matrices of %s, and vectors of F32", async (dtype, type, number) => {
    const made = await exported({ directory, dtype });
    expect(made.metadata.get("general.file_type")).toBe(number);
    expect(made.tensors.get("blk.0.attn_q.weight")?.type.name).toBe(type);
    expect(made.tensors.get("blk.0.attn_norm.weight")?.type.name).toBe("F32");
  });

  it("of q8 has blocks of 32 where rows are made of them", async () => {
    const made = await exported({ directory: pathOf("llama3"), dtype: "q8" });
    // 4 heads of 16
    expect(made.tensors.get("blk.0.attn_output.weight")).toMatchObject({
      shape: [16, 64],
      type: { name: "Q8_0" },
    });
    const given = await opened(pathOf("llama3"));
    const whole = await given.read("blk.0.attn_output.weight");
    const rounded = await made.read("blk.0.attn_output.weight");
    const worst = Math.max(...whole.map((x, i) => Math.abs(x - (rounded[i] ?? Number.NaN))));
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(Math.max(...whole.map(Math.abs)) / 127);
  });

  it("comes with a Modelfile: where it lies, and what ends its answers", async () => {
    const output = join(temporaryDirectory(), "out");
    const made = await exportModel(sharedRuntime, { directory, output, format: "gguf" });
    expect(made.files).toEqual(["model.gguf", "Modelfile"]);
    expect(await readFile(join(output, "Modelfile"), "utf8")).toBe(
      'FROM ./model.gguf\nPARAMETER temperature 0\nPARAMETER stop "</s>"\n',
    );
  });
});

it("has an adapter folded into its weights, whatever the format", async () => {
  const adapter = join(temporaryDirectory(), "adapter");
  const name = "model.layers.1.self_attn.q_proj";
  const config = {
    base_model_name_or_path: pathOf("qwen3"),
    task_type: "CAUSAL_LM",
    r: 2,
    lora_alpha: 4,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: ["q_proj"],
    modules_to_save: null,
    use_rslora: false,
    use_dora: false,
    fan_in_fan_out: false,
  };
  const pairs = [0, 1].flatMap((layer) => [
    [`${name.replace("1", String(layer))}.lora_A.weight`, normalTensor(layer, [2, 16])] as const,
    [
      `${name.replace("1", String(layer))}.lora_B.weight`,
      normalTensor(9 + layer, [32, 2]),
    ] as const,
  ]);
  await saveAdapter(adapter, config, pairs);
  const merged = join(temporaryDirectory(), "merged");
  await mergeAdapter({ adapter, output: merged });
  const expected = await exported({ directory: merged, dtype: "fp32" });
  const made = await exported({ adapter, dtype: "fp32" });
  const given = await opened(pathOf("qwen3"));
  const query = "blk.1.attn_q.weight";
  expect(await made.read(query)).toEqual(await expected.read(query));
  expect(await made.read(query)).not.toEqual(await given.read(query));

  const output = join(temporaryDirectory(), "out");
  await exportModel(sharedRuntime, { adapter, output, format: "safetensors", dtype: "bf16" });
  expect(await readConfig(output)).toMatchObject({ model_type: "qwen3", dtype: "bfloat16" });
  const again = await exported({ directory: output, dtype: "bf16" });
  const inBfloat16 = await exported({ adapter, dtype: "bf16" });
  expect(await bytesOf(again, query)).toEqual(await bytesOf(inBfloat16, query));
});

describe("a model is refused as GGUF", () => {
  const small = { hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1, vocab_size: 257 };
  const llama = {
    model_type: "llama",
    num_attention_heads: 2,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
    ...small,
  };
  const experts = {
    model_type: "qwen3_moe",
    num_experts: 2,
    num_experts_per_tok: 1,
    moe_intermediate_size: 4,
    norm_topk_prob: true,
  };
  const tokenizerFiles = byteTokenizer().files;
  const splitDigits = new Map(
    Array.from(tokenizerFiles, ([path, content]) => [
      path,
      content.replace('"pre_tokenizer": {', '"pre_tokenizer": {"individual_digits": true,'),
    ]),
  );
  it.each([
    [
      { model_type: "bert", ...small, num_attention_heads: 2 },
      tokenizerFiles,
      "types that GGUF is written of are llama, mistral, qwen2",
    ],
    [
      { ...llama, model_type: "qwen2", use_sliding_window: true },
      tokenizerFiles,
      "use_sliding_window: GGUF has no word for it",
    ],
    [
      { ...llama, model_type: "gemma2", query_pre_attn_scalar: 3 },
      tokenizerFiles,
      "query_pre_attn_scalar: must be 256 in GGUF; got 3",
    ],
    [
      { ...llama, model_type: "smollm3", no_rope_layers: [0] },
      tokenizerFiles,
      "no_rope_layers: must be 0 for every fourth layer and 1 for the others in GGUF; got 0",
    ],
    [
      { ...llama, model_type: "smollm3", no_rope_layer_interval: 3 },
      tokenizerFiles,
      "no_rope_layer_interval: must be 4 in GGUF; got 3",
    ],
    [
      { ...llama, model_type: "smollm3", layer_types: ["sliding_attention"] },
      tokenizerFiles,
      "use_sliding_window: GGUF has no word for it",
    ],
    [
      { ...llama, model_type: "olmo2", attention_bias: true },
      tokenizerFiles,
      "attention_bias: must be false in GGUF; got true",
    ],
    [
      { ...llama, ...experts, norm_topk_prob: false },
      tokenizerFiles,
      "norm_topk_prob: must be true in GGUF; got false",
    ],
    [
      { ...llama, ...experts, decoder_sparse_step: 2 },
      tokenizerFiles,
      "decoder_sparse_step: must be 1 in GGUF; got 2",
    ],
    [
      { ...llama, ...experts, mlp_only_layers: [0] },
      tokenizerFiles,
      "mlp_only_layers: must be empty in GGUF; got 0",
    ],
    [
      { ...llama, rope_scaling: { rope_type: "dynamic", factor: 2 } },
      tokenizerFiles,
      "GGUF has default, linear, yarn and llama3; got dynamic",
    ],
    [llama, splitDigits, "GGUF has no word for the way it splits texts into pieces"],
    [{ ...llama, vocab_size: 100 }, tokenizerFiles, "the model has 100 tokens; got"],
  ])("%j", async (config, tokenizer, message) => {
    const directory = join(temporaryDirectory(), "model");
    await saveModel(directory, { config, weights: [], files: tokenizer });
    const output = join(temporaryDirectory(), "out");
    const settings = { directory, output, format: "gguf" } as const;
    expect(await failure(exportModel(sharedRuntime, settings))).toMatchObject({
      name: "UsageError",
      message: expect.stringContaining(message),
    });
    expect(await files.stat(output)).toBeUndefined();
  });

  it("in a type that the format has not", async () => {
    const settings = { directory: pathOf("gpt2"), output: "out", dtype: "bf16" } as const;
    expect(await failure(exportModel(sharedRuntime, settings))).toMatchObject({
      message: expect.stringContaining("dtype: must be one of fp32, fp16, q8, q4 with format"),
    });
  });
});
