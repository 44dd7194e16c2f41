/** Adapters from training to text: saved as peft's, loaded, merged. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { complete, createDecoder } from "../../src/generate/index.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { type FinishedRun, folder, largestDifference, runTiny, weightsOf } from "./support.ts";
import { loadModel, mergeAdapter, openSafetensors } from "../support/on-node.ts";

let base: FinishedRun;
beforeAll(async () => {
  // One that has not learned all that there is.
  base = await runTiny({
    projection: "gaussian",
    steps: 150,
    learningRate: 0.05,
    evaluationBatches: 16,
  });
});

/** The base has not seen the prefix. */
const lora = {
  method: "lora",
  rank: 4,
  alpha: 8,
  optimizer: "adam",
  learningRate: 0.01,
  prefix: "Translate: ",
  evaluationBatches: 16,
} as const;
const evaluations = ({ events }: FinishedRun) =>
  events.flatMap((event) => (event.type === "evaluation" ? [event.loss] : []));

/** Greedy continuations, and logits of the next token. */
async function continuations(options: Parameters<typeof loadModel>[1]) {
  const runtime = cpuRuntime({ threads: 1 });
  const { model, weights, tokenizer } = await loadModel(runtime, options);
  const decoder = createDecoder(model, runtime, weights);
  const prompts = ["Der Hund schläft.\n", "Die Katze"].map((text) => tokenizer.encode(text));
  const ids = await complete(decoder, prompts, { maxNewTokens: 12 });
  const logits = Array.from(await (await decoder.open(prompts)).append(prompts));
  await decoder.release();
  return { ids: ids.map((each) => Array.from(each)), logits };
}

describe("a LoRA run from a model on disk", () => {
  let run: FinishedRun;
  beforeAll(async () => {
    run = await runTiny({ ...lora, model: base.output, steps: 40 });
  });

  it("lowers the held-out loss, and leaves an adapter and a tokenizer", () => {
    const losses = evaluations(run);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.1);
    expect(readdirSync(run.output).toSorted()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "checkpoint",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
  });

  it("generates as the merged model does, from its own base or a given one", async () => {
    const adapted = await continuations({ adapter: run.output });
    const output = join(folder, "merged");
    expect(await mergeAdapter({ adapter: run.output, output })).toBe(8);
    await expect(mergeAdapter({ adapter: run.output, output })).rejects.toThrow("not empty");
    const merged = await continuations({ directory: output });
    expect(merged.ids).toEqual(adapted.ids);
    expectClose(merged.logits, adapted.logits, FLOAT32);
    const given = await continuations({ directory: base.output, adapter: run.output });
    expect(given.logits).toEqual(adapted.logits);
    const plain = await continuations({ directory: base.output });
    expect(
      largestDifference(Float32Array.from(plain.logits), Float32Array.from(merged.logits)),
    ).toBeGreaterThan(0.05);
  });

  it("starts from the function of its base", async () => {
    const { method: _, ...same } = lora;
    const dense = await runTiny({ ...same, method: "dense", model: base.output, steps: 1 });
    expect(evaluations(run)[0]).toBeCloseTo(evaluations(dense)[0] ?? NaN, 5);
  });

  it("resumes with the same bits", async () => {
    const targets = ["c_attn", "mlp.c_fc", "lm_head"];
    const options = { ...lora, targets, model: base.output, microSteps: 2 };
    const whole = await runTiny(options);
    const first = await runTiny(options, (event) => event.type === "step" && event.step === 2);
    await runTiny({ ...options, output: first.output, resume: true });
    const read = async (output: string) => {
      const file = await openSafetensors(join(output, "adapter_model.safetensors"));
      const tensors = await Promise.all([...file.tensors.keys()].map((name) => file.read(name)));
      await file.close();
      return tensors;
    };
    expect(await read(first.output)).toEqual(await read(whole.output));
  });
});

describe("a LoRA run whose table of tokens has an adapter, and the head another", () => {
  it("starts from the function of its base, learns, and is used beside it alone", async () => {
    const options = { ...lora, model: base.output, targets: ["wte", "lm_head", "c_attn"] };
    const [plain, run] = [
      await runTiny({ ...options, targets: ["c_attn"], steps: 20 }),
      await runTiny({ ...options, steps: 20 }),
    ];
    expect(evaluations(run)[0]).toBeCloseTo(evaluations(plain)[0] ?? NaN, 5);
    expect(evaluations(run).at(-1)).toBeLessThan(evaluations(plain).at(-1) ?? NaN);
    const adapted = await continuations({ adapter: run.output });
    const without = await continuations({ directory: base.output });
    expect(
      largestDifference(Float32Array.from(adapted.logits), Float32Array.from(without.logits)),
    ).toBeGreaterThan(0.05);
    const output = join(folder, "merged-table");
    await expect(mergeAdapter({ adapter: run.output, output })).rejects.toThrow(
      "wte is also the output embedding",
    );
    expect(existsSync(output)).toBe(false);
  });

  it.each(["lora+", "relora"] as const)("is refused with %s", async (method) => {
    const options = { ...lora, model: base.output, targets: ["wte"], method };
    await expect(runTiny(options)).rejects.toThrow(
      "has an adapter with lora and dora alone; got wte",
    );
  });
});

describe("a DoRA run from a model on disk", () => {
  it.each([undefined, "int8"] as const)("learns beside LoRA, the base in %s", async (baseDtype) => {
    const options = { ...lora, model: base.output, steps: 20, ...(baseDtype && { baseDtype }) };
    const [plain, run] = [await runTiny(options), await runTiny({ ...options, method: "dora" })];
    // Lengths are those of the base at first.
    expect(evaluations(run)[0]).toBeCloseTo(evaluations(plain)[0] ?? NaN, 5);
    const gained = (each: FinishedRun) =>
      (evaluations(each)[0] ?? NaN) - (evaluations(each).at(-1) ?? NaN);
    expect(gained(run)).toBeGreaterThan(0.5 * gained(plain));
    if (baseDtype) return;
    const adapted = await continuations({ adapter: run.output });
    const output = join(folder, "merged-dora");
    expect(await mergeAdapter({ adapter: run.output, output })).toBe(8);
    const merged = await continuations({ directory: output });
    expect(merged.ids).toEqual(adapted.ids);
    expectClose(merged.logits, adapted.logits, FLOAT32);
  });
});

describe("a PiSSA run from a model on disk", () => {
  const pissa = { ...lora, learningRate: 0.002, initAdapter: "pissa" } as const;

  it("starts from the function of its base, and leaves a plain adapter of twice the rank", async () => {
    const options = { ...pissa, model: base.output, steps: 20 };
    const run = await runTiny(options);
    const plain = await runTiny({ ...lora, model: base.output, steps: 1 });
    expect(evaluations(run)[0]).toBeCloseTo(evaluations(plain)[0] ?? NaN, 5);
    expect(evaluations(run).at(-1)).toBeLessThan((evaluations(run)[0] ?? 0) - 0.03);
    const settings: unknown = JSON.parse(
      readFileSync(join(run.output, "adapter_config.json"), "utf8"),
    );
    expect(settings).toMatchObject({ r: 8, lora_alpha: 16, init_lora_weights: true });
    const output = join(folder, "merged-pissa");
    await mergeAdapter({ adapter: run.output, output });
    const merged = await runTiny({ ...lora, method: "dense", model: output, steps: 1 });
    expect(evaluations(merged)[0]).toBeCloseTo(evaluations(run).at(-1) ?? NaN, 4);
    // Begun with, it is what it was.
    const next = await runTiny({ ...pissa, model: base.output, from: run.output, steps: 1 });
    expect(evaluations(next)[0]).toBeCloseTo(evaluations(run).at(-1) ?? NaN, 5);
  });

  it("keeps the model of the best evaluation", async () => {
    const options = { ...pissa, model: base.output, keep: "best", learningRate: 0.5 } as const;
    const run = await runTiny({ ...options, steps: 6, evaluateEvery: 1 });
    const [, ...after] = evaluations(run);
    const best = Math.min(...after);
    expect(after.indexOf(best)).toBeLessThan(5);
    const output = join(folder, "merged-best");
    await mergeAdapter({ adapter: run.output, output });
    const merged = await runTiny({ ...lora, method: "dense", model: output, steps: 1 });
    expect(evaluations(merged)[0]).toBeCloseTo(best, 4);
  });
});

describe("a method that merges", () => {
  it.each(["relora", "plora", "cola"] as const)(
    "%s leaves a whole model that went on learning",
    async (method) => {
      const run = await runTiny({ ...lora, method, model: base.output, steps: 40, mergeEvery: 8 });
      const losses = evaluations(run);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.1);
      expect(existsSync(join(run.output, "adapter_config.json"))).toBe(false);
      const moved = largestDifference(await weightsOf(run.output), await weightsOf(base.output));
      expect(moved).toBeGreaterThan(1e-3);
      // What was saved is what was evaluated: a run of no steps from it has the same loss.
      const again = await runTiny({ ...lora, method: "dense", model: run.output, steps: 1 });
      expect(evaluations(again)[0]).toBeCloseTo(losses.at(-1) ?? NaN, 5);
    },
  );
});

it("adapters of a model from scratch leave a whole model", async () => {
  const run = await runTiny({ ...lora, method: "lora-fa", steps: 10 });
  expect(readdirSync(run.output)).toContain("model.safetensors");
  const again = await runTiny({ ...lora, method: "dense", model: run.output, steps: 1 });
  expect(evaluations(again)[0]).toBeCloseTo(evaluations(run).at(-1) ?? NaN, 5);
});
