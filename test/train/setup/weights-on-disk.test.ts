/** Weights that lie on disk while nobody computes with them: the same bits as in memory, wherever a run is left. */

import { describe, expect, it } from "vitest";
import { memoryHost, type MemoryHost } from "../../../src/host/in-memory.ts";
import type { TrainEvent } from "../../../src/runs/events.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { failure } from "../../weights/support.ts";
import { bitsOf } from "../saved-states.ts";

const llama = {
  model_type: "llama",
  hidden_size: 16,
  intermediate_size: 40,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 48,
};

const start = (request: TrainRequest, host: MemoryHost) =>
  train(
    {
      ...tinyRequest,
      model: llama,
      batchSize: 4,
      steps: 4,
      evaluateEvery: 2,
      rank: 4,
      output: "run",
      samples: 0,
      translations: 0,
      ...request,
    },
    { host, runtime },
  );

/** All numbers that a run tells, and the bits that it leaves. */
async function outcomeOf(request: TrainRequest, host: MemoryHost = memoryHost()) {
  const told: unknown[] = [];
  for await (const event of start(request, host)) told.push(numbersOf(event));
  return { told: told.filter((each) => each !== undefined), bits: await bitsOf(host.files) };
}

function numbersOf(event: TrainEvent): unknown {
  if (event.type === "step") return [event.loss, event.gradNorm];
  if (event.type === "evaluation") return [event.loss, event.accuracy];
  return undefined;
}

const CASES: Readonly<Record<string, TrainRequest>> = {
  "flora with adafactor": {},
  "gradients that are added up, and clipped": { microSteps: 2, maxGradNorm: 0.5 },
  "muon in the subspace": { optimizer: "muon" },
  "sgd with a momentum": { optimizer: "sgd", momentum: 0.9 },
  "compressed embeddings, a head of its own": {
    model: { ...llama, tie_word_embeddings: false },
    compressEmbeddings: true,
  },
  "dense adam": { method: "dense", optimizer: "adamw" },
  "subspaces that are learned": { method: "galore", optimizer: "adam", resampleEvery: 2 },
  "weights in bfloat16": { weightDtype: "bfloat16" },
  "weights in float16 with copies in float32": { weightDtype: "float16", weightUpdate: "master" },
  "a head in chunks": { vocabularyChunk: 64 },
  "activations that are kept": { recompute: "none" },
  lora: { method: "lora", optimizer: "adam" },
  relora: { method: "relora", optimizer: "adam", mergeEvery: 2 },
  "an encoder and a decoder": {
    model: { model_type: "t5", d_model: 16, d_kv: 8, d_ff: 32, num_layers: 2, num_heads: 2 },
  },
};

describe("weights on disk", () => {
  it.each(Object.entries(CASES))("have the same bits: %s", async (_, request) => {
    const inMemory = await outcomeOf(request);
    const onDisk = await outcomeOf({ ...request, lowMemory: true });
    expect(inMemory.told.length).toBeGreaterThan(6);
    expect(onDisk).toEqual(inMemory);
  });

  it.each(["bfloat16", "int8", "q4"] as const)("of a base in %s lie there too", async (rest) => {
    const adapters = { model: "base", method: "lora", optimizer: "adam" } as const;
    const request: TrainRequest =
      rest === "bfloat16" ? { ...adapters, weightDtype: rest } : { ...adapters, baseDtype: rest };
    const outcomes = [false, true].map(async (lowMemory) => {
      const host = memoryHost();
      await start({ output: "base", steps: 1 }, host).result();
      return outcomeOf({ ...request, lowMemory }, host);
    });
    const [inMemory, onDisk] = await Promise.all(outcomes);
    expect(inMemory?.told.length).toBeGreaterThan(6);
    expect(onDisk).toEqual(inMemory);
  });

  it("are those of the checkpoint that a run goes on from, in memory or on disk", async () => {
    const whole = await outcomeOf({ microSteps: 2 });
    for (const [before, after] of [
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const host = memoryHost();
      const request = { microSteps: 2, lowMemory: before };
      for await (const event of start(request, host)) {
        if (event.type === "step" && event.step === 3) break;
      }
      const resumed = await outcomeOf({ resume: true, lowMemory: after }, host);
      expect(resumed.bits.model).toBe(whole.bits.model);
    }
  });

  it(
    "may be lost at any change of the disk: the run goes on from its checkpoint",
    { timeout: 180_000 },
    async () => {
      const model = { ...llama, num_hidden_layers: 1 };
      const saved = { steps: 2, saveEvery: 1, evaluateEvery: 2, evaluationBatches: 1 } as const;
      const request = { ...saved, model, lowMemory: true, weightDtype: "bfloat16" } as const;
      const host = memoryHost();
      const whole = await outcomeOf(request, host);
      const changes = host.changes();
      let resumed = 0;
      for (let cut = changes >> 1; cut < changes; cut += Math.ceil(changes / 20)) {
        const cutOff = memoryHost({ powerCutAt: cut });
        await failure(start(request, cutOff).result());
        const after = cutOff.crash();
        if ((await bitsOf(after.files)).checkpoint === undefined) continue;
        const { bits } = await outcomeOf({ ...saved, model, resume: true }, after);
        expect(bits.model).toBe(whole.bits.model);
        resumed += 1;
      }
      expect(resumed).toBeGreaterThan(4);
    },
  );

  it("are asked once training is over, until the run is disposed of", async () => {
    const result = await start({ lowMemory: true }, memoryHost()).result();
    const inMemory = await start({}, memoryHost()).result();
    const options = { maxNewTokens: 4 };
    expect(await result.generate("1 +", options)).toBe(await inMemory.generate("1 +", options));
    await result.dispose();
    await inMemory.dispose();
  });
});
