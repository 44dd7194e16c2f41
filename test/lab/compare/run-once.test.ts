import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseMethod } from "../../../src/lab/suites/method-spec.ts";
import { planRun } from "../../../src/lab/compare/plan-runs.ts";
import {
  type Outcome,
  type LaunchContext,
  type RunEvent,
  runOnce,
} from "../../../src/lab/compare/run-once.ts";
import { type Ending, fakeLaunch, newFolder } from "../fake-launch.ts";
import { nodeHost } from "../../../src/host/node.ts";

const base = { train: "text.txt", steps: 4 };
const plan = (output: string, options: object = {}) =>
  planRun({ ...base, ...options }, parseMethod("flora:8"), output, { seed: 0, learningRate: 0.1 });

async function follow(
  run: ReturnType<typeof plan>,
  context: Partial<LaunchContext> & Pick<LaunchContext, "launch">,
): Promise<{ readonly events: readonly RunEvent[]; readonly outcome: Outcome | undefined }> {
  const events: RunEvent[] = [];
  const { signal } = new AbortController();
  for await (const event of runOnce(run, {
    host: nodeHost(),
    signal,
    lookEveryMs: 1,
    ...context,
  })) {
    events.push(event);
  }
  const last = events.at(-1);
  return { events, outcome: last?.type === "outcome" ? last.outcome : undefined };
}

describe("an outcome", () => {
  it.each<[Ending, Outcome["status"], string | undefined]>([
    ["finished", "finished", undefined],
    ["not a number", "diverged", "lost"],
    ["interrupted", "interrupted", undefined],
    ["refused", "refused", "rank: too high; got 9; use less"],
    ["killed", "failed", "ended by SIGKILL"],
  ])("of a run that is %s is %s", async (ending, status, message) => {
    const { outcome } = await follow(
      plan(newFolder()),
      fakeLaunch(() => ending),
    );
    expect(outcome).toMatchObject({ status, message });
  });

  it("is diverged where the last held-out loss is not a number", async () => {
    const fake = fakeLaunch(
      () => "finished",
      () => NaN,
    );
    expect((await follow(plan(newFolder()), fake)).outcome?.status).toBe("diverged");
  });

  it("is refused, without a process, where an option is out of range", async () => {
    const fake = fakeLaunch();
    const { outcome } = await follow(plan(newFolder(), { batchSize: 0 }), fake);
    expect(outcome?.message).toBe(
      "batchSize: must be a whole number above 0 and at most 1000000; got 0",
    );
    expect(fake.runs).toEqual([]);
  });

  it("is failed where no process can be started", async () => {
    const launch = () => Promise.reject(new Error("spawn EAGAIN"));
    const { outcome } = await follow(plan(newFolder()), { launch });
    expect(outcome).toMatchObject({ status: "failed", message: "Error: spawn EAGAIN" });
  });
});

describe("a second time", () => {
  const howOf = (events: readonly RunEvent[]) =>
    events.flatMap((event) => (event.type === "run" ? [event.how] : []));

  it.each<[Ending, string, number]>([
    ["finished", "is done already", 1],
    ["not a number", "is done already", 1],
    ["interrupted", "goes on", 2],
    ["killed", "starts", 2],
  ])("a run that was %s %s", async (ending, how, launches) => {
    const run = plan(newFolder());
    let next = ending;
    const fake = fakeLaunch(() => next);
    await follow(run, fake);
    next = "finished";
    const { events, outcome } = await follow(run, fake);
    expect(howOf(events)).toEqual([how]);
    expect(fake.runs).toHaveLength(launches);
    expect(fake.runs.at(-1)?.flag).toBe(how === "goes on" ? "--resume" : "--overwrite");
    expect(outcome?.status).toBe(ending === "not a number" ? "diverged" : "finished");
  });

  it("a run whose rank its model chose is done already", async () => {
    const output = newFolder();
    const rate = { seed: 0, learningRate: 0.1 };
    const run = planRun(base, parseMethod("dense"), output, rate);
    const fake = fakeLaunch();
    await follow(run, fake);
    expect(howOf((await follow(run, fake)).events)).toEqual(["is done already"]);
  });

  it("a run with other options starts anew, without the checkpoint of the others", async () => {
    const output = newFolder();
    const run = plan(output);
    await follow(
      run,
      fakeLaunch(() => "interrupted"),
    );
    const fake = fakeLaunch();
    const { events } = await follow(plan(output, { batchSize: 3 }), fake);
    expect(howOf(events)).toEqual(["starts"]);
    expect(fake.runs[0]?.flag).toBe("--overwrite");
    expect(existsSync(join(run.directory, "checkpoint"))).toBe(false);
  });

  it("the time of both processes counts", async () => {
    const run = plan(newFolder());
    await follow(
      run,
      fakeLaunch(() => "interrupted"),
    );
    const { outcome } = await follow(run, fakeLaunch());
    // 2.5 s each; see fake-launch.ts.
    expect(outcome?.log?.elapsedMs).toBe(5000);
    expect(outcome?.log?.evaluations.map(({ step }) => step)).toEqual([0, 4]);
  });
});

it("tells the steps of a run while it goes", async () => {
  const { events } = await follow(plan(newFolder()), fakeLaunch());
  expect(events.map(({ type }) => type)).toEqual(["run", "progress", "progress", "outcome"]);
  expect(events[1]).toMatchObject({ step: { step: 2, totalSteps: 4 } });
  expect(events[2]).toMatchObject({ step: { step: 4, totalSteps: 4 } });
});

it("writes the options beside the log", async () => {
  const run = plan(newFolder());
  await follow(run, fakeLaunch());
  const written: unknown = JSON.parse(readFileSync(join(run.directory, "run.json"), "utf8"));
  expect(written).toEqual(run.options);
});

it("starts nothing once it is asked to end", async () => {
  const fake = fakeLaunch();
  const { outcome } = await follow(plan(newFolder()), { ...fake, signal: AbortSignal.abort() });
  expect(outcome?.status).toBe("interrupted");
  expect(fake.runs).toEqual([]);
});

it("keeps no weights of a run that only chooses the rate", async () => {
  const choice = { seed: 0, learningRate: 0.1, sweepShare: 0.5 };
  const run = planRun(base, parseMethod("flora:8"), newFolder(), choice);
  const weights = join(run.directory, "model.safetensors");
  const fake = fakeLaunch();
  await follow(run, {
    launch: async (request) => {
      writeFileSync(weights, "");
      return fake.launch(request);
    },
  });
  expect(existsSync(weights)).toBe(false);
});
