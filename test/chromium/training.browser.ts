/**
 * Short runs in Chromium on WebGPU (SwiftShader), where no node may fall back to the CPU: losses and held-out losses are those of onnxruntime-node.
 * `npm run build` comes before.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryHost } from "../../src/host/in-memory.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { train, type TrainRequest } from "../../src/train/run.ts";
import { openPage, type ServedPage } from "./served-page.ts";

/** The largest difference of a loss, in nats. */
const TOLERANCE = 1e-5;

const SIZES = { hidden_size: 32, intermediate_size: 64, max_position_embeddings: 64 };
const HEADS = { num_hidden_layers: 1, num_attention_heads: 2 };
const LLAMA = { model_type: "llama", num_key_value_heads: 1, ...SIZES, ...HEADS };
const BERT = { model_type: "bert", ...SIZES, ...HEADS };
const T5 = { model_type: "t5", d_model: 32, d_kv: 16, d_ff: 64, num_layers: 1, num_heads: 2 };

const ANIMALS = ["cat", "dog", "wolf", "owl"];
const PAIRS = Array.from({ length: 16 }, (_, i) => ({
  source: `the ${ANIMALS[i % 4]} eats`,
  target: ` ${ANIMALS[(i >> 2) % 4]} ${i}`,
}));

const RUN = {
  data: PAIRS,
  steps: 3,
  batchSize: 2,
  microSteps: 2,
  rank: 4,
  learningRate: 0.01,
  warmupSteps: 0,
  evaluateEvery: 3,
  holdout: 0.2,
  translations: 0,
} satisfies TrainRequest;

/** Models, methods, optimizers, dropout. What a model writes is compared in the studio (test/browser/studio-webgpu.js). */
const RUNS: readonly (readonly [name: string, request: TrainRequest])[] = [
  ["a Llama, FLORA and Adafactor", { ...RUN, model: LLAMA }],
  ["a T5, LoRA and AdamW", { ...RUN, model: T5, method: "lora", optimizer: "adamw" }],
  [
    "a BERT, dense and Muon",
    { ...RUN, model: BERT, task: "embed", optimizer: "muon", method: "dense" },
  ],
];

interface Told {
  readonly device?: string;
  readonly losses: readonly number[];
  readonly heldOut?: number;
  readonly refused?: string;
}

async function inNode(request: TrainRequest): Promise<Required<Omit<Told, "device" | "refused">>> {
  const losses: number[] = [];
  let heldOut = Number.NaN;
  const context = { host: memoryHost(), runtime: cpuRuntime({ threads: 1 }) };
  for await (const event of train(request, context)) {
    if (event.type === "step") losses.push(event.loss);
    if (event.type === "evaluation") heldOut = event.loss;
  }
  return { losses, heldOut };
}

let served: ServedPage;

beforeAll(async () => {
  served = await openPage("/test/chromium/runs.js");
});
afterAll(() => served?.close());

describe("WebGPU trains as the CPU does", () => {
  it.each(RUNS)("%s", async (_, request) => {
    const told = await served.call<Told>("run", request);
    expect(told.refused).toBeUndefined();
    expect(told.device).toBe("webgpu");
    const { losses, heldOut } = await inNode(request);
    const differences = [...losses, heldOut].map((loss, i) =>
      Math.abs(loss - ([...told.losses, told.heldOut][i] ?? Number.NaN)),
    );
    expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
    expect(losses).toHaveLength(RUN.steps);
  });
});

describe("what no GPU keeps is refused", () => {
  it.each([
    [{ weightDtype: "bfloat16" }, "bfloat16"],
    [{ weightDtype: "float16", weightUpdate: "nearest" }, "float16"],
    [{ accumulatorDtype: "int8" }, "int8"],
  ] as const)("%j", async (options, dtype) => {
    const told = await served.call<Told>("run", { ...RUN, model: LLAMA, ...options });
    expect(told.refused).toBe(
      `device: this GPU keeps no ${dtype}; take device: "wasm", or float32 for weights and accumulators`,
    );
  });
});
