/** Experts: in which layers, how many a token has, and what is refused; their numbers are compared in rotary-decoder.test.ts. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../../src/errors.ts";
import { constant } from "../../../../../src/graph/value.ts";
import { qwen3Moe } from "../../../../../src/models/architectures/rotary/qwen3-moe.ts";
import { feedForward } from "../../../../../src/models/architectures/rotary/decoder/feed-forward.ts";
import { bindParams, flattenSpec } from "../../../../../src/nn/params.ts";
import { float32 } from "../../../../../src/tensor/host-tensor.ts";
import { numbersOf } from "../../../../support/close.ts";
import { runGraph, tensorNamed } from "../../../../support/graph.ts";

const sizes = {
  hidden_size: 8,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  intermediate_size: 12,
  moe_intermediate_size: 6,
  num_hidden_layers: 4,
  num_experts: 3,
  num_experts_per_tok: 2,
  vocab_size: 9,
};

/** The layers that have a router. */
const sparseLayers = (fields: Readonly<Record<string, unknown>>) =>
  [...qwen3Moe({ ...sizes, ...fields }).params.keys()].flatMap(
    (name) => /layers\.(\d)\.mlp\.gate\.weight/.exec(name)?.[1] ?? [],
  );

// As Qwen3MoeDecoderLayer of transformers 5.24 chooses.
it.each([
  [{}, "0123"],
  [{ decoder_sparse_step: 2 }, "13"],
  [{ decoder_sparse_step: 3 }, "2"],
  [{ mlp_only_layers: [0, 3] }, "12"],
  [{ decoder_sparse_step: 2, mlp_only_layers: [1] }, "3"],
  [{ mlp_only_layers: null }, "0123"],
])("%j has experts in layers %s", (fields, layers) => {
  expect(sparseLayers(fields).join("")).toBe(layers);
});

it("counts experts in both spellings", () => {
  const experts = (fields: Readonly<Record<string, unknown>>) =>
    qwen3Moe({ ...sizes, num_experts: undefined, ...fields }).params.get(
      "model.layers.0.mlp.gate.weight",
    )?.shape;
  expect(experts({ num_experts: 5 })).toEqual([5, 8]);
  expect(experts({ num_local_experts: 5 })).toEqual([5, 8]);
  expect(experts({})).toEqual([128, 8]);
});

it.each([
  [{ num_experts_per_tok: 4 }, /^num_experts_per_tok: must be at most .* experts, 3; got 4$/],
  [
    { output_router_logits: true },
    /^qwen3_moe config: output_router_logits: the loss of the router/,
  ],
  [{ num_experts: 0 }, /^qwen3_moe config: num_experts: /],
])("refuses %j", (fields, message) => {
  expect(() => qwen3Moe({ ...sizes, ...fields })).toThrow(UsageError);
  expect(() => qwen3Moe({ ...sizes, ...fields })).toThrow(message);
});

describe("an expert", () => {
  it.each([
    ["of a token's, shares that add up to 1", true, 1],
    ["of all, shares of the probability of all", false, 0.8],
  ])("counts %s", async (_, normalizes, expected) => {
    const { specs, forward } = feedForward({
      width: 1,
      inner: 1,
      deviation: 1,
      activation: "relu",
      bias: false,
      fused: false,
      experts: { count: 3, perToken: 2, inner: 1, normalizes },
    });
    const shapes = new Map([...flattenSpec(specs)].map(([path, { shape }]) => [path, shape]));
    // relu(1) 1 = 1 of every expert, whose probabilities are 0.2, 0.5 and 0.3.
    const numbers = (path: string) =>
      path === "gate.weight" ? [0.2, 0.5, 0.3].map(Math.log) : [1];
    const weights = bindParams(specs, (path) =>
      constant(float32(shapes.get(path) ?? [], Float32Array.from(numbers(path)))),
    );
    const x = constant(float32([1, 1, 1], Float32Array.of(1)));
    const results = await runGraph({ y: forward(x, weights) }, {});
    expect(numbersOf(tensorNamed(results, "y"))[0]).toBeCloseTo(expected, 6);
  });
});
