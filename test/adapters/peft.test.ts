/** Adapters that peft wrote compute what peft computes, and are written again as peft wrote them. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type Adapter,
  adaptersOf,
  adaptedSizes,
  adapterNames,
  mergedWeight,
  type PeftSettings,
  settingsOf,
} from "../../src/adapters/index.ts";
import { llama } from "../../src/models/architectures/rotary/llama.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { inputFor, runGraph, tensorNamed } from "../support/graph.ts";
import { ADAPTERS, golden, loadAdapted, loadBase, logitsOf } from "./support.ts";
import { loadAdapter, saveAdapter } from "../support/on-node.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-peft-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const directoryOf = (name: string) => `test/golden/${name}`;

it("has the base's logits without an adapter", async () => {
  const { model, weights } = await loadBase();
  expectClose(await logitsOf(model, weights), golden.baseLogits.data, FLOAT32);
});

describe.each(ADAPTERS)("%s", (name) => {
  const expected = golden.adapters[name];

  it("has peft's logits", async () => {
    const { model, weights } = await loadAdapted(directoryOf(name));
    expectClose(await logitsOf(model, weights), expected?.logits.data ?? [], FLOAT32);
  });

  it("has peft's ranks and scales, by rank_pattern and alpha_pattern", async () => {
    const { adapters } = await loadAdapted(directoryOf(name));
    const found = adapters.map(({ weight, rank, scale }) => [
      `transformer.${weight.replace(/\.weight$/, "")}`,
      { rank, scale },
    ]);
    const maps = Object.entries(expected?.maps ?? {}).map(([module, { rank, scale }]) => [
      module,
      { rank, scale },
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(maps));
  });

  it("has peft's logits when it is merged", async () => {
    const { base, adapters, weights } = await loadAdapted(directoryOf(name));
    const merged = new Map(weights);
    for (const adapter of adapters) {
      const { a, b } = adapterNames(adapter);
      const feeds = Object.fromEntries(weights);
      const [w, low, high] = [adapter.weight, a, b].map((each) => tensorNamed(feeds, each));
      if (!w || !low || !high) throw new Error("three tensors expected");
      const { inputAxis } = adaptedSizes(base.model, adapter);
      const { scale } = adapter;
      const values = {
        w: inputFor("w", w),
        a: inputFor("a", low),
        b: inputFor("b", high),
        m: undefined,
      };
      const sum = mergedWeight(values, { scale, inputAxis });
      const { next = w } = await runGraph({ next: sum }, { w, a: low, b: high });
      merged.set(adapter.weight, next);
    }
    const logits = await logitsOf(base.model, merged);
    expectClose(logits, expected?.mergedLogits.data ?? [], FLOAT32);
  });

  it("is written under peft's names, with settings that mean the same", async () => {
    const { base, config, tensors, adapters } = await loadAdapted(directoryOf(name));
    const saved = [...base.model.params.keys()].filter((each) =>
      tensors.has(`transformer.${each}`),
    );
    const settings = settingsOf(base.model, adapters, saved);
    const directory = join(folder, name);
    await saveAdapter(directory, { ...config, ...settings }, tensors);

    const again = await loadAdapter(directory);
    expect([...again.tensors.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
    for (const [each, tensor] of tensors) expect(again.tensors.get(each)).toEqual(tensor);
    const shapes = new Map([...tensors].map(([each, { shape }]) => [each, shape] as const));
    expect(adaptersOf(base.model, again.config, shapes).adapters).toEqual(adapters);
    expect(again.config.modules_to_save).toEqual(config.modules_to_save && ["transformer.ln_f"]);

    // Every field is one that peft knows, and has peft's value where it is not flora's to decide.
    const written: Readonly<Record<string, unknown>> = JSON.parse(
      readFileSync(join(directory, "adapter_config.json"), "utf8"),
    );
    const theirs: Readonly<Record<string, unknown>> = JSON.parse(
      readFileSync(join(directoryOf(name), "adapter_config.json"), "utf8"),
    );
    for (const field of Object.keys(written)) expect(theirs).toHaveProperty(field);
    for (const field of ["peft_type", "task_type", "bias", "fan_in_fan_out", "use_rslora"]) {
      expect(written[field]).toEqual(theirs[field]);
    }
    expect(Object.keys(golden.adapters[name]?.tensors ?? {}).toSorted()).toEqual(
      [...tensors.keys()].map((each) => `base_model.model.${each}`).toSorted(),
    );
  });
});

describe("patterns of peft", () => {
  const settings: PeftSettings = {
    task_type: "CAUSAL_LM",
    r: 2,
    lora_alpha: 8,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: ["c_proj"],
    modules_to_save: null,
    use_rslora: false,
    use_dora: false,
    fan_in_fan_out: true,
  };
  const shapes = new Map([
    ["transformer.h.0.mlp.c_proj.lora_A.weight", [2, 40]],
    ["transformer.h.0.mlp.c_proj.lora_B.weight", [10, 2]],
  ]);

  // What peft 0.21 makes of these was tried with it: make_peft.py tells.
  it.each([
    [{ alpha_pattern: { c_proj: 6 } }, 3],
    [{ alpha_pattern: { "mlp.c_proj": 6 } }, 3],
    [{ alpha_pattern: { "h\\.\\d+\\.mlp\\.c_proj": 6 } }, 3],
    [{ alpha_pattern: { "^transformer.h.0.mlp.c_proj": 6 } }, 3],
    [{ alpha_pattern: { "lp.c_proj": 6, mlp: 6, "^mlp.c_proj": 6 } }, 4],
    [{ alpha_pattern: { c_proj: 6, "mlp.c_proj": 10 } }, 3],
    [{ use_rslora: true }, 8 / Math.SQRT2],
  ])("%j scale by %d", async (fields, scale) => {
    const { model } = await loadBase();
    const { adapters } = adaptersOf(model, { ...settings, ...fields }, shapes);
    expect(adapters.map((adapter) => adapter.scale)).toEqual([scale]);
  });

  it.each([
    [[["h.0.mlp.c_proj.lora_A.weight", [2, 40]]], "missing: h.0.mlp.c_proj.lora_B.weight"],
    [[["h.9.mlp.c_proj.lora_A.weight", [2, 40]]], "unexpected: h.9.mlp.c_proj.lora_A.weight"],
    [
      [
        ["h.0.mlp.c_proj.lora_A.weight", [2, 40]],
        ["h.0.mlp.c_proj.lora_B.weight", [10, 3]],
      ],
      "wrong: h.0.mlp.c_proj.lora_B.weight [10, 3] instead of [10, 2]",
    ],
    [[["ln_f.weight", [10]]], "adapter: holds no adapter of this model"],
    [
      [
        ["h.0.mlp.c_proj.lora_A.weight", [2, 40]],
        ["h.0.mlp.c_proj.lora_B.weight", [10, 2]],
        ["wte.weight", [23, 10]],
      ],
      "wte.weight is also the output embedding",
    ],
  ] as const)("refuses %j", async (tensors, message) => {
    const { model } = await loadBase();
    const stored = new Map(tensors.map(([name, shape]) => [`transformer.${name}`, shape]));
    expect(() => adaptersOf(model, settings, stored)).toThrow(message);
  });
});

describe("settings that do not fit what is stored", () => {
  it.each<readonly [Partial<PeftSettings>, string]>([
    [{ target_modules: ["c_attn"] }, "its settings name no module transformer.h.0.mlp.c_proj"],
    [{ exclude_modules: ["mlp.c_proj"] }, "its settings name no module transformer.h.0.mlp.c_proj"],
    [{ layers_to_transform: [1] }, "its settings name no module transformer.h.0.mlp.c_proj"],
    [{ r: 3 }, "transformer.h.0.mlp.c_proj has the rank 3 by its settings; got 2"],
    [{ rank_pattern: { c_proj: 4 } }, "has the rank 4 by its settings; got 2"],
  ])("%j", async (fields, message) => {
    const { model } = await loadBase();
    const settings: PeftSettings = {
      task_type: null,
      r: 2,
      lora_alpha: 8,
      rank_pattern: {},
      alpha_pattern: {},
      target_modules: ["c_proj"],
      modules_to_save: null,
      use_rslora: false,
      use_dora: false,
      fan_in_fan_out: true,
      ...fields,
    };
    const stored = new Map([
      ["transformer.h.0.mlp.c_proj.lora_A.weight", [2, 40]],
      ["transformer.h.0.mlp.c_proj.lora_B.weight", [10, 2]],
    ]);
    expect(() => adaptersOf(model, settings, stored)).toThrow(message);
  });
});

it("writes whole paths where only some layers have an adapter", async () => {
  const { model } = await loadBase();
  const adapter = (weight: string, rank: number): Adapter => ({ weight, rank, scale: 2 });
  const some = [adapter("h.0.attn.c_attn.weight", 4), adapter("h.1.mlp.c_fc.weight", 2)];
  const settings = settingsOf(model, some, []);
  expect(settings.target_modules).toEqual([
    "transformer.h.0.attn.c_attn",
    "transformer.h.1.mlp.c_fc",
  ]);
  expect(settings.rank_pattern).toEqual({ "transformer\\.h\\.1\\.mlp\\.c_fc": 2 });
  expect(settings.alpha_pattern).toEqual({ "transformer\\.h\\.1\\.mlp\\.c_fc": 4 });
});

describe("a model whose names have the prefix of transformers already", () => {
  const fields = { hidden_size: 8, intermediate_size: 12, num_attention_heads: 2, vocab_size: 9 };
  const [tied, untied] = [true, false].map((tie_word_embeddings) =>
    llama({ ...fields, num_hidden_layers: 2, tie_word_embeddings }),
  );
  if (!tied || !untied) throw new Error("two models expected");
  const weight = "model.layers.1.self_attn.q_proj.weight";
  const adapter: Adapter = { weight, rank: 2, scale: 4 };

  it("writes and reads them as they are", () => {
    const settings = settingsOf(untied, [adapter], []);
    expect(settings.target_modules).toEqual(["model.layers.1.self_attn.q_proj"]);
    const { a, b } = adapterNames({ weight });
    const stored = new Map<string, readonly number[]>([
      [a, [2, 8]],
      [b, [8, 2]],
    ]);
    const found = adaptersOf(untied, settings, stored);
    expect(found.adapters).toEqual([adapter]);
    expect([...found.stored.keys()]).toEqual([a, b]);
  });

  it("may have a head saved whole, where that is not the embedding too", () => {
    expect(settingsOf(untied, [adapter], ["lm_head.weight"]).modules_to_save).toEqual(["lm_head"]);
    expect(() => settingsOf(tied, [adapter], ["model.embed_tokens.weight"])).toThrow(
      "model.embed_tokens is also the output embedding",
    );
  });
});
