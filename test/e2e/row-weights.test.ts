/** Weights of rows, from the data to the loss. */

import { describe, expect, it } from "vitest";
import { train } from "../../src/index.ts";
import type { Row } from "../../src/data/index.ts";
import { memoryHost } from "../../src/host/index.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { gather } from "../../src/train/setup/prepare.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

const GPT2 = { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 64 };
const T5 = { model_type: "t5", d_model: 8, d_kv: 4, d_ff: 16, num_layers: 1, num_heads: 2 };
const BERT = {
  model_type: "bert",
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 1,
};

async function gathered(rows: readonly Row[], options: TrainOptions) {
  const held = rows.map((row) => ({ ...row, weight: 1 }));
  const config = parseConfig({ batchSize: rows.length, train: "rows", ...options });
  const context = { host: memoryHost(), runtime: sharedRuntime };
  const { data } = await gather(config, context, { data: rows, heldOut: held });
  return data;
}

const chat = (question: string, weight: number) => ({
  weight,
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: "ja" },
  ],
});

describe("the weights of a batch", () => {
  const pairs = [
    { source: "a", target: "bcd", weight: 0.5 },
    { source: "a", target: "b", weight: 4 },
    { source: "a", target: "bc", weight: 1 },
    { source: "a", target: "bc", weight: 0 },
  ];
  const labelled = [
    { text: "a", label: "x", weight: 0.5 },
    { text: "bc", label: "y", weight: 4 },
    { text: "c", label: "x", weight: 0 },
  ];
  it.each<[string, readonly Row[], TrainOptions, string, readonly (readonly [number, number])[]]>([
    // With the token that ends an answer.
    [
      "pairs",
      pairs,
      { model: GPT2 },
      "3 pairs, 1 with nothing to learn",
      [
        [0.5, 4],
        [4, 2],
        [1, 3],
      ],
    ],
    [
      "all of pairs",
      pairs,
      { model: GPT2, learn: "all" },
      "3 pairs, 1 with",
      [
        [0.5, 5],
        [4, 3],
        [1, 4],
      ],
    ],
    [
      "pairs of an encoder-decoder",
      pairs,
      { model: T5, contextLength: 16 },
      "3 pairs, 1 with",
      [
        [0.5, 4],
        [4, 2],
        [1, 3],
      ],
    ],
    [
      "conversations",
      [chat("a", 0.5), chat("b", 3), chat("c", 0)],
      { model: GPT2, chatTemplate: "chatml" },
      "2 conversations, 1 with nothing to learn",
      [
        [0.5, 4],
        [3, 4],
      ],
    ],
    [
      "classes",
      labelled,
      { model: BERT, task: "classify" },
      "2 texts of 2 classes, 1 with",
      [
        [0.5, 1],
        [4, 1],
      ],
    ],
  ])("%s", async (_name, rows, options, description, expected) => {
    const { training, description: told } = await gathered(rows, options);
    expect(told).toContain(description);
    if (training.batchesPerEpoch === undefined) throw new Error("streamed");
    const { weights, lossTokens } = training.batchAt(0);
    for (const [weight, count] of expected) {
      expect([weight, weights.filter((each) => each === weight).length]).toEqual([weight, count]);
    }
    const sum = expected.reduce((all, [weight, count]) => all + weight * count, 0);
    expect(lossTokens).toBe(sum);
    expect(weights.reduce((all, weight) => all + weight, 0)).toBe(sum);
  });

  it("are none for pairs that are compared", async () => {
    const rows = pairs.map(({ source, target }, i) => ({ source, target, weight: i }));
    const options = { model: BERT, task: "embed" } as const;
    await expect(gathered(rows, options)).rejects.toThrow(
      "data: pairs are compared with one another, and all count alike; got the weight 2",
    );
  });
});

describe("the loss", () => {
  const a = { source: "a", target: "bc" };
  const b = { source: "b", target: "ddd" };
  const options = {
    model: GPT2,
    method: "dense",
    optimizer: "sgd",
    learningRate: 0.1,
    schedule: "constant",
    warmupSteps: 0,
    steps: 2,
    samples: 0,
    translations: 0,
  } as const;
  const lossesOf = async (data: readonly Row[], validation: readonly Row[]) => {
    const losses: number[] = [];
    const batch = { batchSize: data.length };
    for await (const event of train(
      { ...options, ...batch, data, validation },
      { runtime: sharedRuntime },
    )) {
      if (event.type === "step" || event.type === "evaluation") losses.push(event.loss);
    }
    return losses;
  };

  it("of a row of weight 2 is that of two rows, and its step is the same", async () => {
    const weighted = [{ ...a, weight: 2 }, b];
    const twice = [a, a, b];
    const losses = await lossesOf(weighted, weighted);
    const expected = await lossesOf(twice, twice);
    expect(losses).toHaveLength(5);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[i] ?? NaN, 5);
    // Otherwise it would be that of one row each.
    const [alike = NaN] = await lossesOf([a, b], [a, b]);
    expect(Math.abs((losses[0] ?? NaN) - alike)).toBeGreaterThan(1e-3);
  });

  it("is the same where all weigh the same", async () => {
    const heavy = await lossesOf(
      [
        { ...a, weight: 4 },
        { ...b, weight: 4 },
      ],
      [a, b],
    );
    const light = await lossesOf([a, b], [a, b]);
    for (const [i, loss] of heavy.entries()) expect(loss).toBeCloseTo(light[i] ?? NaN, 5);
  });
});
