/** Llama: a trained model of 260 K parameters, and what its configuration means. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../src/errors.ts";
import { complete, createDecoder } from "../../../../src/generate/index.ts";
import { llama } from "../../../../src/models/architectures/rotary/llama.ts";
import { expectClose } from "../../../support/close.ts";
import { needsData } from "../../../support/data.ts";
import { testRuntime } from "../../../support/graph.ts";
import { STORIES } from "../../../support/stories.ts";
import { batchOf, partsOfModel } from "../../../train/support.ts";
import { loadWeights, readConfig } from "../../../support/on-node.ts";

/** Of a forward pass in NumPy, in float64, which the project had before its own. */
interface Expected {
  /** From the beginning of a text on. */
  readonly greedy_ids: readonly number[];
  readonly ids: readonly number[];
  /** The mean loss of `ids`, each given those before. */
  readonly mean_nll: number;
  readonly last_logits_first8: readonly number[];
}

describe("the 260 K Llama that tells stories", needsData(STORIES), () => {
  async function load() {
    const expected: Expected = JSON.parse(readFileSync(join(STORIES, "expected.json"), "utf8"));
    const model = llama(await readConfig(STORIES));
    const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
    const tensors = await loadWeights(STORIES, shapes, model.checkpoint);
    const weights = new Map(
      [...tensors].map(([name, tensor]) => [name, testRuntime.adopt(tensor)]),
    );
    return { expected, model, tensors, decoder: createDecoder(model, testRuntime, weights) };
  }

  it("tells the story that it should, from its cache", async () => {
    const { expected, decoder } = await load();
    const [start = 0, ...story] = expected.greedy_ids;
    const [made] = await complete(decoder, [Int32Array.of(start)], { maxNewTokens: story.length });
    expect([...(made ?? [])]).toEqual(story);
    expect(story).toHaveLength(80);
    await decoder.release();
  });

  it("has the loss and the logits that it should", async () => {
    const { expected, decoder, model, tensors } = await load();
    const { ids, mean_nll, last_logits_first8 } = expected;
    const decoding = await decoder.open([Int32Array.from(ids)]);
    const logits = await decoding.append([Int32Array.from(ids)]);
    expectClose(Array.from(logits.slice(0, 8)), last_logits_first8, 1e-4, { what: "logits" });
    await decoder.release();

    const parts = partsOfModel(model, tensors, { method: "dense" });
    const { loss } = await parts.engine.evaluate([batchOf([ids])]);
    expectClose([loss / (ids.length - 1)], [mean_nll], 1e-4, { what: "loss" });
    await parts.engine.release();
  });
});

describe("the configuration", () => {
  const fields = { hidden_size: 8, intermediate_size: 6, num_attention_heads: 2, vocab_size: 5 };
  const tiny = { ...fields, num_hidden_layers: 1 };
  const namesOf = (more: object) => [...llama({ ...tiny, ...more }).params.keys()];

  it("ties the head to the embedding or not", () => {
    expect(llama({ ...tiny, tie_word_embeddings: true }).head?.weight).toBe(
      "model.embed_tokens.weight",
    );
    expect(namesOf({ tie_word_embeddings: true })).not.toContain("lm_head.weight");
    const { head, params, checkpoint } = llama(tiny);
    expect(head?.weight).toBe("lm_head.weight");
    expect(params.get("lm_head.weight")).toMatchObject({ shape: [5, 8], role: "embedding" });
    expect(checkpoint.ignore).not.toContain("lm_head.weight");
  });

  it("has biases where it says so", () => {
    const biases = (more: object) => namesOf(more).filter((name) => name.endsWith(".bias"));
    const attention = ["q_proj", "k_proj", "v_proj", "o_proj"].map((each) => `self_attn.${each}`);
    const mlp = ["gate_proj", "up_proj", "down_proj"].map((each) => `mlp.${each}`);
    const named = (modules: readonly string[]) =>
      modules.map((each) => `model.layers.0.${each}.bias`);
    expect(biases({})).toEqual([]);
    expect(biases({ attention_bias: true })).toEqual(named(attention));
    expect(biases({ mlp_bias: true })).toEqual(named(mlp));
  });

  it("has as many heads of keys as of queries where it says nothing", () => {
    const { params } = llama(tiny);
    expect(params.get("model.layers.0.self_attn.k_proj.weight")?.shape).toEqual([8, 8]);
  });

  it("draws what transformers draws", () => {
    const { params } = llama({ ...tiny, initializer_range: 0.5, mlp_bias: true });
    for (const [name, { shape, init }] of params) {
      const isNorm = name.includes("norm");
      expect(init, name).toEqual(
        shape.length > 1
          ? { kind: "normal", deviation: 0.5 }
          : { kind: "constant", value: isNorm ? 1 : 0 },
      );
    }
  });

  it.each([
    [{ hidden_size: 10, num_attention_heads: 3 }, /^llama config: hidden_size must be divisible/],
    [{ num_key_value_heads: 3 }, /num_attention_heads must be divisible by num_key_value_heads/],
    [{ head_dim: 5 }, "llama config: head_dim must be even, to be turned; got 5"],
    [{ hidden_act: "relu2" }, /^llama config: hidden_act: must be one of .*; got relu2$/],
    [{ attention_dropout: 1 }, /^llama config: attention_dropout: /],
    [{ rope_theta: 0 }, /^llama config: rope_theta: /],
    [{ rope_scaling: { rope_type: "longrope" } }, /^llama config: rope_scaling.rope_type: /],
    [{ rope_scaling: { type: "linear" } }, /linear needs factor/],
    [{ rope_parameters: { full_attention: {} } }, /rotations that differ between layers/],
    [{ partial_rotary_factor: 0.5 }, /^llama config: partial_rotary_factor: a part of each head/],
    [{ model_type: "mistral" }, /^llama config: model_type: /],
  ])("%j is refused", (more, message) => {
    expect(() => llama({ ...tiny, ...more })).toThrow(UsageError);
    expect(() => llama({ ...tiny, ...more })).toThrow(message);
  });
});
