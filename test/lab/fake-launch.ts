/** A launcher that writes the log of a run which did not take place. */

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logPath } from "../../src/runs/log-line.ts";
import type { ComparisonPlan } from "../../src/lab/compare/comparison.ts";
import { parseMethods } from "../../src/lab/suites/method-spec.ts";
import type { Launch, LaunchRequest } from "../../src/lab/compare/run-once.ts";
import { checkpointFolder } from "../../src/train/output/checkpoints.ts";
import { parseConfig, type TrainConfig } from "../../src/options/config.ts";
import type { EndEvent, TrainEvent } from "../../src/runs/events.ts";
import { linesOf } from "../runs/support.ts";
import { endEvent, startEvent, stepEvent } from "../cli/events.ts";

export type Ending = EndEvent["reason"] | "refused" | "killed";

export interface FakeRun {
  readonly config: TrainConfig;
  readonly flag: LaunchRequest["flag"];
}

export interface FakeLaunch {
  readonly launch: Launch;
  /** What was launched, in order. */
  readonly runs: readonly FakeRun[];
}

const EXIT_CODES: Readonly<Record<Ending, number>> = {
  finished: 0,
  "out of time": 0,
  "no better": 0,
  diverged: 1,
  "not a number": 1,
  interrupted: 130,
  refused: 2,
  killed: 137,
};

export const newFolder = (): string => mkdtempSync(join(tmpdir(), "flora-lab-"));

/** Runs end as `ending` says, with the held-out loss that `loss` says. */
export function fakeLaunch(
  ending: (config: TrainConfig) => Ending = () => "finished",
  loss: (config: TrainConfig) => number = () => 2,
): FakeLaunch {
  const runs: FakeRun[] = [];
  const launch: Launch = async ({ optionsFile, flag }) => {
    await Promise.resolve();
    const options: unknown = JSON.parse(readFileSync(optionsFile, "utf8"));
    const config = parseConfig({ ...Object(options), resume: flag === "--resume" });
    runs.push({ config, flag });
    const end = ending(config);
    if (end === "refused") {
      return { exitCode: 2, errorText: "flora: rank: too high; got 9\n  use less\n" };
    }
    const events = eventsOf(config, end, loss(config));
    const write = flag === "--resume" ? appendFileSync : writeFileSync;
    write(logPath(config.output), linesOf(events));
    if (end === "interrupted") {
      mkdirSync(checkpointFolder(config.output), { recursive: true });
      writeFileSync(join(checkpointFolder(config.output), "step-00000001.safetensors"), "");
    }
    return { exitCode: EXIT_CODES[end], errorText: end === "killed" ? "\nended by SIGKILL" : "" };
  };
  return { launch, runs };
}

function eventsOf(config: TrainConfig, ending: Ending, loss: number): TrainEvent[] {
  const totalSteps = config.steps ?? 4;
  const half = Math.ceil(totalSteps / 2);
  const start = {
    ...startEvent(),
    // As a run does, whose model says what rank fits.
    config: { ...config, rank: config.rank ?? 32 },
    totalSteps,
    startStep: config.resume ? half : 0,
  };
  const evaluation = (step: number, value: number): TrainEvent => ({
    type: "evaluation",
    step,
    loss: value,
    perplexity: Math.exp(value),
    accuracy: 0.5,
    tokens: 100,
    elapsedMs: 10,
  });
  const step = (number: number, elapsedMs: number) =>
    stepEvent({ step: number, totalSteps, elapsedMs, tokens: 100, tokensPerSecond: 1000 });
  const first = config.resume ? [] : [evaluation(0, 7), step(half, 1000)];
  const end = { totalSteps, elapsedMs: 2500 };
  if (ending === "killed") return [start, ...first];
  if (ending === "interrupted") {
    return [start, ...first, endEvent({ ...end, reason: "interrupted", step: half })];
  }
  if (ending === "not a number") {
    return [start, ...first, endEvent({ ...end, reason: "not a number", message: "lost" })];
  }
  return [
    start,
    ...first,
    step(totalSteps, 2000),
    evaluation(totalSteps, loss),
    endEvent({ ...end, step: totalSteps }),
  ];
}

/** A comparison of these methods, in a folder of its own. */
export const fakePlan = (
  methods: string,
  changes: Partial<ComparisonPlan> = {},
): ComparisonPlan => ({
  title: "Comparison: test",
  summary: "A test.",
  lookAt: ["Look here."],
  notes: [],
  methods: parseMethods(methods),
  // Usual rates are those of this width.
  base: { train: "text.txt", model: { n_embd: 576 }, steps: 40, microSteps: 2 },
  seeds: [0],
  output: join(newFolder(), "comparison"),
  sweep: undefined,
  ...changes,
});
