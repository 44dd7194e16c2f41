/** Noise on the embeddings of tokens: its size, and that every architecture with tokens adds it to their rows. */

import { describe, expect, it } from "vitest";
import { dense } from "../../src/compress/flora-compressor.ts";
import { createDraws } from "../../src/engine/parts/draws.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { chainOf } from "../../src/engine/stages.ts";
import { constant } from "../../src/graph/value.ts";
import { modelFromConfig } from "../../src/models/index.ts";
import { noiseBound, tokenEmbedding } from "../../src/nn/token-embedding.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { float32, int32 } from "../../src/tensor/host-tensor.ts";
import { numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

it("is added to the rows", async () => {
  const weight = constant(float32([3, 2], Float32Array.of(0, 1, 2, 3, 4, 5)));
  const noise = constant(float32([1, 2, 2], Float32Array.of(0.5, -0.5, 0.25, 0)));
  const masks = { mask: () => noise, noise: () => noise };
  const ids = constant(int32([1, 2], Int32Array.of(2, 0)));
  const y = tokenEmbedding(ids, { weight }, masks);
  const found = await runGraph({ y }, {});
  expect(numbersOf(tensorNamed(found, "y"))).toEqual([4.5, 4.5, 0.25, 1]);
});

it("is uniform within α / √(T C)", async () => {
  const shape = [4, 64, 16];
  const bound = noiseBound(5, shape);
  expect(bound).toBe(5 / 32);
  const buffer = sharedRuntime.allocate("float32", shape);
  createDraws(0).embeddingNoise(0, 0, bound, buffer);
  const numbers = Array.from(await buffer.read(), Number);
  const mean = (of: (x: number) => number) => numbers.reduce((sum, x) => sum + of(x), 0) / 4096;
  expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(bound);
  expect(Math.max(...numbers.map(Math.abs))).toBeGreaterThan(0.99 * bound);
  // Five deviations of the means of 4096 draws.
  expect(Math.abs(mean((x) => x))).toBeLessThan((5 * bound) / Math.sqrt(3 * 4096));
  expect(Math.abs(mean((x) => (x / bound) ** 2) - 1 / 3)).toBeLessThan(
    5 * Math.sqrt(4 / 45 / 4096),
  );
});

const sizes = {
  vocab_size: 40,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};

describe.each<readonly [string, Record<string, unknown>, number]>([
  ["gpt2", { n_embd: 8, n_layer: 1, n_head: 2, vocab_size: 40 }, 1],
  ["llama", { ...sizes, num_key_value_heads: 2 }, 1],
  ["bert", { ...sizes, architectures: ["BertForMaskedLM"] }, 1],
  ["t5", { d_model: 8, d_kv: 4, d_ff: 16, num_layers: 1, num_heads: 2, vocab_size: 40 }, 2],
  [
    "vit",
    { ...sizes, image_size: 8, patch_size: 4, architectures: ["ViTForImageClassification"] },
    0,
  ],
])("%s", (type, fields, count) => {
  it(`has it in ${count} stages, in training alone`, () => {
    const model = modelFromConfig({ model_type: type, ...fields });
    const plan = planParameters(model, {
      compressor: dense(),
      optimizer: namedOptimizer("sgd"),
    });
    const links = chainOf({ model, plan, recompute: "all", neftuneAlpha: 5 })(
      model.inputTypes(2, 6),
    );
    expect(links.filter(({ made }) => made.isNoisy)).toHaveLength(count);
    for (const { made } of links) {
      expect("noise" in made.forward.inputs).toBe(made.isNoisy);
      expect(made.evaluate.inputs).not.toHaveProperty("noise");
    }
  });
});
