/** Adapter directories that are not what they should be. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { type PeftConfig } from "../../src/weights/index.ts";
import { loadAdapter, saveAdapter, writeSafetensors } from "../support/on-node.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-adapter-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config: PeftConfig = {
  base_model_name_or_path: "base",
  task_type: "CAUSAL_LM",
  r: 2,
  lora_alpha: 4,
  rank_pattern: { c_attn: 3 },
  alpha_pattern: {},
  target_modules: ["c_attn"],
  modules_to_save: null,
  use_rslora: false,
  use_dora: false,
  fan_in_fan_out: true,
};
const tensor = float32([2], Float32Array.of(1, 2));

let made = 0;
async function directory(fields: object): Promise<string> {
  made += 1;
  const dir = join(folder, String(made));
  await saveAdapter(dir, config, [["h.0.x.lora_A.weight", tensor]]);
  const minimal = { peft_type: "LORA", target_modules: ["c_attn"] };
  writeFileSync(join(dir, "adapter_config.json"), JSON.stringify({ ...minimal, ...fields }));
  return dir;
}

it("reads what it wrote", async () => {
  const dir = join(folder, "whole");
  await saveAdapter(dir, config, [["h.0.x.lora_A.weight", tensor]]);
  const loaded = await loadAdapter(dir);
  expect(loaded.config).toEqual(config);
  expect([...loaded.tensors]).toEqual([["h.0.x.lora_A.weight", tensor]]);
});

it("takes peft's defaults where fields are absent", async () => {
  const { config: read } = await loadAdapter(await directory({}));
  expect(read).toMatchObject({ r: 8, lora_alpha: 8, rank_pattern: {}, use_rslora: false });
});

describe("reads", () => {
  // All fields of peft 0.21.2 with the values that they have if nobody asks for anything.
  const neutral = {
    auto_mapping: null,
    peft_version: "0.21.2",
    revision: null,
    inference_mode: true,
    exclude_modules: null,
    lora_dropout: 0.1,
    bias: "none",
    layers_to_transform: null,
    layers_pattern: null,
    megatron_config: null,
    megatron_core: "megatron.core",
    trainable_token_indices: null,
    loftq_config: {},
    eva_config: null,
    corda_config: null,
    lora_ga_config: null,
    use_dora: false,
    velora_config: null,
    use_qalora: false,
    alora_invocation_tokens: null,
    qalora_group_size: 16,
    monteclora_config: null,
    layer_replication: null,
    lora_bias: false,
    target_parameters: null,
    use_bdlora: null,
    arrow_config: null,
    kasa_config: null,
    ensure_weight_tying: false,
    runtime_config: { ephemeral_gpu_offload: false },
  };

  it.each([true, false, null, "gaussian", "orthogonal", "eva"])(
    "all fields that say nothing, and the initialisation %s",
    async (init_lora_weights) => {
      const { config: read } = await loadAdapter(
        await directory({ ...neutral, init_lora_weights }),
      );
      expect(read).toMatchObject({ r: 8, target_modules: ["c_attn"] });
    },
  );

  it.each([
    [{ trainable_token_indices: [], target_parameters: [], layer_replication: [] }, {}],
    [{ exclude_modules: ["a"] }, { exclude_modules: ["a"] }],
    [{ exclude_modules: "a.*" }, { exclude_modules: "a.*" }],
    [{ layers_to_transform: 0 }, { layers_to_transform: [0] }],
    [
      { layers_to_transform: [1, 2], layers_pattern: "h" },
      { layers_to_transform: [1, 2], layers_pattern: ["h"] },
    ],
  ])("%j", async (fields, expected) => {
    const { config: read } = await loadAdapter(await directory(fields));
    const { exclude_modules, layers_to_transform, layers_pattern } = read;
    const chosen = { exclude_modules, layers_to_transform, layers_pattern };
    expect(chosen).toEqual({
      exclude_modules: undefined,
      layers_to_transform: undefined,
      layers_pattern: undefined,
      ...expected,
    });
  });
});

describe("refuses", () => {
  it.each([
    [{ peft_type: "IA3" }, UsageError, 'only LORA adapters are supported; got peft_type "IA3"'],
    [{ bias: "all" }, UsageError, 'bias is not supported; got "all"'],
    [{ layer_replication: [[0, 1]] }, UsageError, "layer_replication is not supported"],
    [{ lora_bias: true }, UsageError, "lora_bias is not supported; got true"],
    [{ bias: "lora_only" }, UsageError, 'bias is not supported; got "lora_only"'],
    [{ use_qalora: true }, UsageError, "use_qalora is not supported; got true"],
    [{ alora_invocation_tokens: [1, 2] }, UsageError, "alora_invocation_tokens is not supported"],
    [{ trainable_token_indices: 1 }, FormatError, "trainable_token_indices: must be tokens, or"],
    [{ trainable_token_indices: [0.5] }, FormatError, "trainable_token_indices: must be tokens"],
    [{ trainable_token_indices: { wte: "a" } }, FormatError, "must be tokens, or tokens by module"],
    [{ target_parameters: ["a"] }, UsageError, "target_parameters is not supported"],
    [{ ensure_weight_tying: true }, UsageError, "ensure_weight_tying is not supported"],
    [{ megatron_config: { a: 1 } }, UsageError, "megatron_config is not supported"],
    [{ use_bdlora: { nblocks: 2 } }, UsageError, "use_bdlora is not supported; got an object"],
    [{ arrow_config: { top_k: 2 } }, UsageError, "arrow_config is not supported"],
    [{ kasa_config: { beta: 1 } }, UsageError, "kasa_config is not supported"],
    [{ velora_config: { scale: 1 } }, UsageError, "velora_config is not supported"],
    [{ monteclora_config: { a: 1 } }, UsageError, "monteclora_config is not supported"],
    [{ what_comes_next: 1 }, UsageError, "what_comes_next is not supported; got 1"],
    [{ exclude_modules: 1 }, FormatError, "exclude_modules: must be a text or a list of texts"],
    [{ layers_to_transform: ["1"] }, FormatError, "layers_to_transform: must be a number or"],
    [{ layers_pattern: {} }, FormatError, "layers_pattern: must be a text or a list of texts"],
    [{ r: 0 }, FormatError, "r: must be a number above 0; got 0"],
    [{ lora_alpha: "8" }, FormatError, 'lora_alpha: must be a number above 0; got "8"'],
    [{ rank_pattern: { a: "b" } }, FormatError, "rank_pattern: must be an object of numbers"],
    [{ target_modules: [1] }, FormatError, "target_modules: must be a text or a list of texts"],
    [{ target_modules: null }, FormatError, "target_modules: must be a text or a list of texts"],
    [{ modules_to_save: "ln_f" }, FormatError, "modules_to_save: must be a list of texts"],
    [{ use_dora: "yes" }, FormatError, 'use_dora: must be true or false; got "yes"'],
    [{ use_rslora: 1 }, FormatError, "use_rslora: must be true or false; got 1"],
  ] as const)("%j", async (fields, kind, message) => {
    const refusal = loadAdapter(await directory(fields));
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(kind);
  });

  it.each(["pissa", "pissa_niter_16", "olora", "corda", "loftq", "lora_ga", "mica", "next"])(
    "an adapter whose initialisation is %s",
    async (init_lora_weights) => {
      await expect(loadAdapter(await directory({ init_lora_weights }))).rejects.toMatchObject({
        message: expect.stringContaining(
          `init_lora_weights is not supported, for peft changes the base for it; got "${init_lora_weights}"`,
        ),
        hint: expect.stringContaining("path_initial_model_for_weight_conversion"),
      });
    },
  );

  it("a directory without an adapter", async () => {
    await expect(loadAdapter(folder)).rejects.toThrow("no adapter_config.json");
    await expect(loadAdapter(join(folder, "nowhere"))).rejects.toThrow("no adapter_config.json");
  });

  it("a model", async () => {
    const dir = await directory({});
    renameSync(join(dir, "adapter_config.json"), join(dir, "config.json"));
    await expect(loadAdapter(dir)).rejects.toMatchObject({
      message: `${dir}: no adapter_config.json`,
      hint: "it holds a whole model: give it as model, not as adapter",
    });
  });

  it("a pickle", async () => {
    const dir = await directory({});
    rmSync(join(dir, "adapter_model.safetensors"));
    writeFileSync(join(dir, "adapter_model.bin"), "");
    await expect(loadAdapter(dir)).rejects.toThrow("a pickle, which runs code");
  });

  it("names that are not peft's", async () => {
    const dir = await directory({});
    await writeSafetensors(join(dir, "adapter_model.safetensors"), [["h.0.lora_A", tensor]]);
    await expect(loadAdapter(dir)).rejects.toThrow("names must begin with base_model.model.");
  });
});
