/** @file That a run cannot be lost: whose directory it is, what it goes on with, and what is kept of it. */

import { describe, expect, it } from "vitest";
import { readText, writeFile } from "../../src/host/content.ts";
import { type MemoryHost, memoryHost } from "../../src/host/in-memory.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import { sums, tinyRequest } from "../support/tiny-request.ts";
import type { EndEvent, StepEvent, TrainEvent } from "../../src/runs/events.ts";
import { train, type TrainRequest } from "../../src/train/run.ts";
import { openSafetensors } from "../../src/weights/files/safetensors.ts";
import { failure } from "../weights/support.ts";

const rows = sums(0, 60);
const tiny: TrainRequest = { ...tinyRequest, output: "run" };

interface Told {
  readonly events: readonly TrainEvent[];
  readonly losses: readonly number[];
  readonly end: EndEvent | undefined;
}

/** Follows a run to its end, or until it is to be left. */
async function run(
  host: MemoryHost,
  request: TrainRequest = {},
  look: (event: TrainEvent) => "abort" | "leave" | undefined = () => undefined,
): Promise<Told> {
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  const followed = train({ ...tiny, ...request }, { host, runtime, signal: controller.signal });
  for await (const event of followed) {
    events.push(event);
    const wish = look(event);
    if (wish === "abort") controller.abort();
    if (wish === "leave") break;
  }
  const losses = events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
  return { events, losses, end: events.find((event) => event.type === "end") };
}

const atStep =
  <Wish>(step: number, wish: Wish) =>
  (event: TrainEvent): Wish | undefined =>
    event.type === "step" && event.step === step ? wish : undefined;

const checkpoints = async ({ files }: MemoryHost, output = "run"): Promise<readonly string[]> =>
  (await files.list(`${output}/checkpoint`)).map(({ name }) => name);

const CHECKPOINT = (step: number): string => `step-${String(step).padStart(8, "0")}.safetensors`;

async function damage({ files }: MemoryHost, path: string): Promise<void> {
  const file = await files.open(path);
  const bytes = await file.read(0, file.bytes);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 64;
  await writeFile(files, path, bytes);
}

describe("the directory of a run", () => {
  it("belongs to it while it runs, and to nobody afterwards", async () => {
    const host = memoryHost();
    const refusals: unknown[] = [];
    const first = train(tiny, { host, runtime });
    for await (const { type } of first) {
      if (type !== "step") continue;
      refusals.push(await failure(run(host, { overwrite: true })));
      refusals.push(await failure(run(host.fork(), { overwrite: true })));
    }
    expect(refusals.slice(0, 2)).toEqual([
      expect.objectContaining({
        message: "output: another run writes there, process 1 of memory; got run",
        hint: expect.stringMatching(
          /^give another output; if that run has ended, remove run.run\./,
        ),
      }),
      expect.objectContaining({ message: expect.stringContaining("another run writes there") }),
    ]);
    const names = (await host.files.list("run")).map(({ name }) => name);
    expect(names.filter((name) => name.endsWith(".lock"))).toEqual([]);
    await run(host, { overwrite: true });
  });

  it("is taken over from a process that was killed", async () => {
    const host = memoryHost();
    await host.files.makeDirectory("run");
    await host.files.lock("run/run");
    await run(host.crash(({ what }) => what === "name"));
  });

  it("is not there if the run was refused", async () => {
    const host = memoryHost();
    await failure(run(host, { contextLength: 1000, output: "a/b/c" }));
    expect(await host.files.list("/")).toEqual([]);
  });

  it("is found to be read-only before anything is read", async () => {
    const host = memoryHost({ failAt: 1, failure: "EROFS" });
    const data = () => {
      throw new Error("read");
    };
    expect(await failure(run(host, { data }))).toMatchObject({
      message: "run: cannot write to the output directory: the file system is read-only",
    });
  });
});

describe("a run that goes on", () => {
  it("does so with its own options, and with more steps after its end", async () => {
    const host = memoryHost();
    const request = { rank: 2, optimizer: "adam", microSteps: 2 } as const;
    const whole = await run(memoryHost(), { ...request, steps: 6, schedule: "constant" });
    const first = await run(host, request);
    const again = { data: rows, model: undefined, rank: undefined, batchSize: undefined };
    const second = await run(host, { ...again, steps: 6, resume: true });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(await checkpoints(host)).toEqual([CHECKPOINT(6)]);
  });

  it("draws the noise that it would have drawn", async () => {
    const host = memoryHost();
    const request = { neftuneAlpha: 5, labelSmoothing: 0.1, schedule: "constant" } as const;
    const whole = await run(memoryHost(), { ...request, steps: 6 });
    const first = await run(host, request);
    const second = await run(host, { steps: 6, resume: true });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  });

  it("does nothing where all is done, however often", async () => {
    const host = memoryHost();
    await run(host);
    const before = await checkpoints(host);
    for (let time = 0; time < 2; time++) {
      const { losses, end } = await run(host, { resume: true });
      expect([losses, end?.reason]).toEqual([[], "finished"]);
    }
    expect(await checkpoints(host)).toEqual(before);
  });

  it.each<[string, TrainRequest, string]>([
    ["another rank", { rank: 8 }, "rank: the run was started with 4; got 8"],
    [
      "other options",
      { seed: 1, batchSize: 2 },
      "2 options are wrong\n  batchSize: the run was started with 4; got 2",
    ],
    [
      "another optimizer",
      { optimizer: "adam" },
      "optimizer: the run was started with adafactor; got adam",
    ],
    [
      "another rate",
      { learningRate: 1e-4 },
      "learningRate: the run was started with 0.1, which resumeLearningRate may change; got 0.0001",
    ],
    [
      "fewer steps",
      { steps: 1 },
      "steps: the run may become longer than 3 steps, not shorter; got 1",
    ],
    ["less data", { data: rows.slice(1) }, "train: the run was started with other training data"],
    [
      "another model",
      { model: { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 32 } },
      "resume: the checkpoint belongs to other options",
    ],
    [
      "other answers",
      { data: rows.map(({ source }) => ({ source, target: "1" })) },
      "train: the run was started with other training data",
    ],
  ])("refuses %s, and loses nothing", async (_, request, message) => {
    const host = memoryHost();
    await run(host);
    const before = await checkpoints(host);
    await expect(run(host, { ...request, resume: true })).rejects.toThrow(message);
    expect(await checkpoints(host)).toEqual(before);
    await run(host, { resume: true, steps: 4 });
  });

  it("may have other things to say, other files to write, and another rate", async () => {
    const host = memoryHost();
    await run(host);
    const changes: TrainRequest = {
      steps: 5,
      evaluateEvery: 1,
      evaluationBatches: 2,
      outputDtype: "bfloat16",
      saveEvery: 1,
      recompute: "none",
      resumeLearningRate: 1e-4,
    };
    const { events } = await run(host, { ...changes, resume: true });
    const rates = events.filter((event): event is StepEvent => event.type === "step");
    expect(rates.map(({ learningRate }) => learningRate)).toEqual([1e-4, 1e-4]);
    // The new rate is that of the run from then on.
    const later = await run(host, { steps: 6, resume: true });
    expect(later.events.find((event) => event.type === "step")).toMatchObject({
      learningRate: 1e-4,
    });
  });

  it("goes on from the checkpoint before one that was damaged, and says so", async () => {
    const host = memoryHost();
    const whole = await run(memoryHost());
    await run(host, { saveEvery: 1 }, atStep(2, "abort"));
    expect(await checkpoints(host)).toEqual([CHECKPOINT(1), CHECKPOINT(2)]);
    await damage(host, `run/checkpoint/${CHECKPOINT(2)}`);
    const { events, losses } = await run(host, { resume: true });
    expect(losses).toEqual(whole.losses.slice(1));
    expect(events[0]).toMatchObject({
      startStep: 1,
      notes: [
        expect.stringMatching(/00000002\.safetensors: the file was damaged .*; went on from/),
      ],
    });
    await damage(host, `run/checkpoint/${CHECKPOINT(3)}`);
    expect(await failure(run(host, { resume: true, steps: 4 }))).toMatchObject({
      message: expect.stringContaining("00000003.safetensors: the file was damaged"),
    });
  });
});

describe("a run that is replaced", () => {
  it("leaves no checkpoint to go on from", async () => {
    const host = memoryHost();
    await run(host, { seed: 1 });
    await run(host, { overwrite: true }, ({ type }) => (type === "start" ? "leave" : undefined));
    await expect(run(host, { resume: true })).rejects.toThrow("resume: no checkpoint");
  });

  it("stays as it is if the one that replaces it is refused", async () => {
    const host = memoryHost();
    await run(host);
    await failure(run(host, { overwrite: true, contextLength: 1000 }));
    await run(host, { resume: true, steps: 4 });
  });
});

describe("checkpoints", () => {
  it("are written every ten minutes, within a step too, and the newest two are kept", async () => {
    const host = memoryHost();
    const seen: (readonly string[])[] = [];
    const followed = train({ ...tiny, microSteps: 4, steps: 2 }, { host, runtime });
    for await (const event of followed) {
      // Seven minutes a micro-step.
      if (event.type === "micro-step" || event.type === "step") await host.clock.wait(7 * 60_000);
      if (event.type === "saved" && event.what === "checkpoint") seen.push(await checkpoints(host));
    }
    const within = (step: number) => CHECKPOINT(step).replace(".safetensors", ".2.safetensors");
    expect(seen).toEqual([
      [within(0)],
      [within(0), CHECKPOINT(1)],
      [within(1), CHECKPOINT(1)],
      [CHECKPOINT(2)],
    ]);
  });

  it.each(["abort", "leave"] as const)("are written if the run is left: %s", async (wish) => {
    const host = memoryHost();
    const whole = await run(memoryHost());
    await run(host, {}, atStep(2, wish));
    expect(await checkpoints(host)).toEqual([CHECKPOINT(2)]);
    const { losses } = await run(host, { resume: true });
    expect(losses).toEqual(whole.losses.slice(2));
  });

  it("are written if whoever hears of the run fails", async () => {
    const host = memoryHost();
    await expect(
      run(host, {}, (event) => {
        if (event.type === "step" && event.step === 2) throw new Error("a fault");
        return undefined;
      }),
    ).rejects.toThrow("a fault");
    expect(await checkpoints(host)).toEqual([CHECKPOINT(2)]);
  });

  it("leave no temporary files of earlier ones", async () => {
    const host = memoryHost();
    await run(host, { saveEvery: 1 }, atStep(1, "abort"));
    const leftovers = [
      "run/checkpoint/step-00000001.safetensors.00000000.tmp",
      "run/a.0000000a.tmp",
    ];
    for (const path of leftovers) await writeFile(host.files, path, "half");
    await run(host, { resume: true });
    expect(await checkpoints(host)).toEqual([CHECKPOINT(3)]);
    const names = (await host.files.list("run")).map(({ name }) => name);
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a loss that is not a number", () => {
  const wild: TrainRequest = {
    method: "dense",
    optimizer: "sgd",
    saveEvery: 1,
    steps: 8,
    evaluateEvery: 100,
  };

  it("replaces nothing: what is left is said, and goes on at a lower rate", async () => {
    const host = memoryHost();
    await run(host, { ...wild, learningRate: 0.01 }, atStep(2, "abort"));
    const model = async () => (await openSafetensors(host.files, "run/model.safetensors")).metadata;
    await model();
    const before = await readText(host.files, "run/config.json");
    const resumed = { ...wild, resume: true };
    const { end } = await run(host, { ...resumed, resumeLearningRate: 1e30 });
    expect(end).toMatchObject({
      reason: "not a number",
      checkpointStep: 2,
      message: expect.stringMatching(
        /^the loss of step 4 is not a number; run keeps the state of step 2$/,
      ),
    });
    expect(await checkpoints(host)).toContain(CHECKPOINT(2));
    expect(await readText(host.files, "run/config.json")).toBe(before);
    const { losses } = await run(host, { ...resumed, resumeLearningRate: 0.01 });
    expect(losses).toHaveLength(6);
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  it("is an error with advice where the run is awaited", async () => {
    const followed = train(
      { ...tiny, ...wild, learningRate: 1e30 },
      { host: memoryHost(), runtime },
    );
    expect(await failure(followed.result())).toMatchObject({
      message: "the loss of step 2 is not a number; nothing was saved yet",
      hint: "begin again with a lower learningRate, maxGradNorm 1 or more warmupSteps",
    });
  });
});
