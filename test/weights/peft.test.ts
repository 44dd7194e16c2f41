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

describe("refuses", () => {
  it.each([
    [{ peft_type: "IA3" }, UsageError, 'only LORA adapters are supported; got peft_type "IA3"'],
    [{ use_dora: true }, UsageError, "use_dora is not supported; got true"],
    [{ bias: "all" }, UsageError, 'bias is not supported; got "all"'],
    [{ layer_replication: [[0, 1]] }, UsageError, "layer_replication is not supported"],
    [{ r: 0 }, FormatError, "r: must be a number above 0; got 0"],
    [{ lora_alpha: "8" }, FormatError, 'lora_alpha: must be a number above 0; got "8"'],
    [{ rank_pattern: { a: "b" } }, FormatError, "rank_pattern: must be an object of numbers"],
    [{ target_modules: [1] }, FormatError, "target_modules: must be a text or a list of texts"],
    [{ target_modules: null }, FormatError, "target_modules: must be a text or a list of texts"],
    [{ modules_to_save: "ln_f" }, FormatError, "modules_to_save: must be a list of texts"],
    [{ use_rslora: 1 }, FormatError, "use_rslora: must be true or false; got 1"],
  ] as const)("%j", async (fields, kind, message) => {
    const refusal = loadAdapter(await directory(fields));
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(kind);
  });

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
