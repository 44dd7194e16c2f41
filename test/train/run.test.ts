/** Training in code, on a host in memory: whatever may stand in place of a name, and what a run leaves. */

import { describe, expect, expectTypeOf, it } from "vitest";
import { crossEntropy } from "../../src/engine/objectives/cross-entropy.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import type { Host } from "../../src/host/host.ts";
import { everywhere } from "../../src/optim/optimizer.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { descent, identity } from "../../src/optim/transform.ts";
import { bufferOf } from "../../src/runtime/buffers.ts";
import { deviceRuntime } from "../support/device-runtime.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import { sums, tinyRequest } from "../support/tiny-request.ts";
import type { StepEvent, TrainEvent } from "../../src/runs/events.ts";
import { readLog } from "../../src/runs/read-log.ts";
import { byteTokenizer } from "../../src/text/index.ts";
import { completeText, createDecoder, loadModel } from "../../src/generate/index.ts";
import { train, type TrainRequest, type TrainRun } from "../../src/train/run.ts";

const rows = sums(0, 60);

const start = (request: TrainRequest, host: Host = memoryHost()): TrainRun =>
  train({ ...tinyRequest, ...request }, { host, runtime });

async function lossesOf(run: TrainRun): Promise<number[]> {
  const losses: number[] = [];
  for await (const event of run) if (event.type === "step") losses.push(event.loss);
  return losses;
}

describe("data", () => {
  it("are rows, a function that gives them, or a file, with the same losses", async () => {
    const host = memoryHost();
    const file = await host.files.create("pairs.jsonl");
    await file.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    await file.close();
    async function* later() {
      for (const row of rows) yield await Promise.resolve(row);
    }
    const expected = await lossesOf(start({}));
    expect(expected).toHaveLength(3);
    expect(await lossesOf(start({ data: later }))).toEqual(expected);
    expect(await lossesOf(start({ data: later() }))).toEqual(expected);
    expect(await lossesOf(start({ data: "pairs.jsonl" }, host))).toEqual(expected);
  });

  it("are held out as many as a short run has time for, or as are asked for", async () => {
    const tokensOf = async (request: TrainRequest) => {
      const run = start({ validation: sums(0, 40), ...request });
      return (await run.result()).evaluation?.tokens ?? 0;
    };
    const few = await tokensOf({});
    // Ten batches of four.
    const all = await tokensOf({ evaluationBatches: 10 });
    expect(few).toBeGreaterThan(all / 20);
    expect(few).toBeLessThan(all / 5);
  });

  it("may be held out apart", async () => {
    const run = start({ validation: [{ source: "1 + 1 =", target: "2" }], steps: 1 });
    const { evaluation } = await run.result();
    // Two bytes and the end of the text.
    expect(evaluation?.tokens).toBe(2);
  });
});

describe("a run", () => {
  it("writes nothing without an output", async () => {
    const host = memoryHost();
    await start({}, host).result();
    expect(await host.files.list(".")).toEqual([]);
    await start({ output: "here", steps: 1 }, host).result();
    const names = (await host.files.list("here")).map(({ name }) => name);
    expect(names).toContain("model.safetensors");
  });

  it("writes a log of what it tells where it has an output, and goes on with it", async () => {
    const host = memoryHost();
    const told: TrainEvent["type"][] = [];
    const request: TrainRequest = { output: "here", steps: 2, saveEvery: 1 };
    for await (const { type } of start(request, host)) told.push(type);
    const written = async () => (await readLog(host.files, "here"))?.map(({ type }) => type) ?? [];
    expect(await written()).toEqual(told.filter((type) => type !== "micro-step"));
    await start({ ...request, steps: 3, resume: true }, host).result();
    const later = (await written()).slice(told.length);
    expect(later).toEqual(["start", "step", "evaluation", "saved", "saved", "end"]);
  });

  it("is not disturbed by another", async () => {
    const [one, other] = [start({ seed: 1 }), start({ seed: 2, method: "dense" })];
    const alone = [
      await lossesOf(start({ seed: 1 })),
      await lossesOf(start({ seed: 2, method: "dense" })),
    ];
    expect(await Promise.all([lossesOf(one), lossesOf(other)])).toEqual(alone);
  });

  it("may be followed for a while, and then awaited", async () => {
    const run = start({});
    for await (const event of run) if (event.type === "step") break;
    await expect(run.result()).rejects.toThrow("left before its end");
    const whole = start({});
    const { reason, evaluation } = await whole.result();
    expect([reason, evaluation?.step]).toEqual(["finished", 3]);
  });

  it("can be asked between two events, and goes on as if nobody had", async () => {
    const run = start({});
    expect(run.model()).toBeUndefined();
    const losses: number[] = [];
    const answers: string[] = [];
    for await (const event of run) {
      if (event.type !== "step") continue;
      losses.push(event.loss);
      const loaded = run.model();
      if (!loaded) throw new Error("no model");
      const decoder = createDecoder(loaded.model, runtime, loaded.weights);
      const [made] = await completeText({ ...loaded, decoder }, ["1 and 2"], { maxNewTokens: 4 });
      await decoder.release();
      answers.push(made?.text ?? "");
    }
    expect(answers).toHaveLength(3);
    expect(run.model()).toBeUndefined();
    expect(losses).toEqual(await lossesOf(start({})));
  });

  it("fails where it is awaited if the loss is no number", async () => {
    const run = start({ optimizer: "sgd", method: "dense", learningRate: 1e30, steps: 20 });
    await expect(run.result()).rejects.toThrow(/the loss of step \d+ is not a number/);
  });

  it("says all that is wrong with its options at once", async () => {
    const wrong: TrainRequest = { rank: -1, batchSize: 0.5 };
    await expect(start(wrong).result()).rejects.toThrow(/rank.*\n?.*batchSize/s);
  });

  it.each<[TrainRequest, string]>([
    [
      { labelSmoothing: 0.1, objective: crossEntropy() },
      "labelSmoothing: an objective of one's own",
    ],
    [{ labelSmoothing: 1 }, "labelSmoothing: must be"],
    [{ neftuneAlpha: -1 }, "neftuneAlpha: must be"],
  ])("refuses %j", async (request, message) => {
    await expect(start(request).result()).rejects.toThrow(message);
  });

  it("is interrupted by its signal", async () => {
    const controller = new AbortController();
    const run = train(
      { ...tinyRequest, steps: 50 },
      { host: memoryHost(), runtime, signal: controller.signal },
    );
    for await (const event of run) {
      if (event.type === "step") controller.abort();
      if (event.type === "end") expect([event.reason, event.step]).toEqual(["interrupted", 1]);
    }
    expect((await run.result()).reason).toBe("interrupted");
  });
});

describe("what a run leaves", () => {
  it("generates, is evaluated, saved, loaded, and trained on", async () => {
    const host = memoryHost();
    const result = await start({ steps: 30, learningRate: 0.05 }, host).result();
    const made = await result.generate("1 + 1 =\n", { maxNewTokens: 3 });
    expect(made).not.toContain("1 + 1");
    expect((await result.evaluate()).loss).toBe(result.evaluation?.loss);
    await result.save("saved");
    await result.dispose();
    expect((await result.evaluate()).loss).toBe(result.evaluation?.loss);

    const loaded = await loadModel(host.files, runtime, { directory: "saved" });
    const weightOf = async ({ weights }: typeof loaded) =>
      Array.from(await bufferOf(weights, "wte.weight").read(), Number);
    const before = await weightOf(loaded);
    if (!result.model) throw new Error("no model");
    expect(await weightOf(result.model)).toEqual(before);

    const again = await start({ model: loaded, steps: 1 }, host).result();
    const onward = await start({ model: result.model, steps: 1 }, host).result();
    const fromDisk = await start({ model: "saved", steps: 1 }, host).result();
    expect(again.evaluation?.loss).toBe(fromDisk.evaluation?.loss);
    expect(onward.evaluation?.loss).toBe(fromDisk.evaluation?.loss);
    expect(await weightOf(loaded)).toEqual(before);
  });
});

describe("the memory of a device", () => {
  it("is as full after the last step as after the second, and empty in the end", async () => {
    const device = deviceRuntime(runtime);
    const model = {
      model_type: "t5",
      d_model: 16,
      d_kv: 16,
      d_ff: 16,
      num_layers: 1,
      num_heads: 1,
    };
    const request = { ...tinyRequest, model, steps: 4, evaluateEvery: 3, translations: 2 };
    const run = train(request, { host: memoryHost(), runtime: device });
    const held = new Map<number, number>();
    for await (const event of run) if (event.type === "step") held.set(event.step, device.held());
    expect(held.get(4)).toBe(held.get(2));
    const { generate, dispose } = await run.result();
    await generate("1 + 1 =", { maxNewTokens: 2 });
    await dispose();
    expect(device.held()).toBe(0);
  });
});

describe("trackers", () => {
  it("hear the run, also one that writes nothing", async () => {
    const host = memoryHost();
    const heard: string[] = [];
    const trackers = [({ type }: TrainEvent) => void heard.push(type)];
    const told: string[] = [];
    for await (const { type } of start({ trackers, track: ["csv"] }, host)) told.push(type);
    expect(heard).toEqual(told);
    expect(heard.at(-1)).toBe("end");
    expect(await host.files.list(".")).toEqual([]);
  });

  it("write beside the log, which has what they failed with", async () => {
    const host = memoryHost();
    const broken = (): void => {
      throw new Error("no connection");
    };
    await start({ trackers: [broken], track: ["csv"], output: "here" }, host).result();
    const names = (await host.files.list("here")).map(({ name }) => name);
    expect(names).toContain("metrics.csv");
    const notes = (await readLog(host.files, "here"))?.filter(({ type }) => type === "note");
    expect(notes).toEqual([expect.objectContaining({ text: expect.stringContaining("broken") })]);
  });
});

describe("parts of one's own", () => {
  it("are an optimizer, whose usual rate counts, and a schedule", async () => {
    const optimizer = { usualRate: 0.25, ...everywhere(descent(identity(), 0)) };
    const rates: number[] = [];
    for await (const event of start({ optimizer, schedule: (step) => 1 / (step + 1) })) {
      if (event.type === "step") rates.push(event.learningRate);
    }
    expect(rates).toEqual([0.25, 0.125, 0.25 / 3]);
    const sgd = await lossesOf(start({ optimizer: "sgd", learningRate: 0.25 }));
    expect(await lossesOf(start({ optimizer }))).toEqual(sgd);
    // Muon as an object is Muon by its name, in projections of its own.
    const [own, named] = [namedOptimizer("muon"), "muon" as const];
    const muon = await lossesOf(start({ optimizer: named, learningRate: 0.02, rank: 4 }));
    expect(await lossesOf(start({ optimizer: own, learningRate: 0.02, rank: 4 }))).toEqual(muon);
    const gaussian = {
      optimizer: own,
      learningRate: 0.02,
      rank: 4,
      projection: "gaussian",
    } as const;
    expect(await lossesOf(start(gaussian))).not.toEqual(muon);
  });

  it("are an objective with what it tells, a tokenizer, and a metric", async () => {
    const objective = { ...crossEntropy(), metrics: () => ({ bitsPerByte: 1 }) };
    const metrics = { count: (outputs: readonly string[]) => outputs.length };
    const tokenizer = byteTokenizer();
    const run = start({ objective, metrics, tokenizer, translations: 2, holdout: 0.2, steps: 1 });
    const { evaluation, translation } = await run.result();
    expect(evaluation?.metrics).toEqual({ bitsPerByte: 1 });
    expect(translation?.metrics).toEqual({ count: 2 });
  });
});

it("has types that know the events and the options", () => {
  expectTypeOf<TrainEvent["type"]>().toEqualTypeOf<
    | "start"
    | "micro-step"
    | "step"
    | "evaluation"
    | "samples"
    | "translation"
    | "saved"
    | "note"
    | "end"
  >();
  expectTypeOf<Extract<TrainEvent, { type: "step" }>>().toEqualTypeOf<StepEvent>();
  // @ts-expect-error: a misspelt option
  expectTypeOf<{ stpes: number }>().toExtend<TrainRequest>();
  // @ts-expect-error: a method that there is not
  expectTypeOf<{ method: "flroa" }>().toExtend<TrainRequest>();
});
