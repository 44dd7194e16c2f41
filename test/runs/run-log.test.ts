import { describe, expect, it } from "vitest";
import { parseLog } from "../../src/runs/read-log.ts";
import { runLogOf } from "../../src/runs/run-log.ts";
import type { StartEvent, TrainEvent } from "../../src/runs/events.ts";
import { endEvent, MEMORY, startEvent, stepEvent } from "../cli/events.ts";
import { newFolder } from "../lab/fake-launch.ts";
import { readRunLog } from "../support/on-node.ts";
import { linesOf } from "./support.ts";

/** What a log that went through its text says. */
const parse = (events: readonly TrainEvent[]) => runLogOf(parseLog(linesOf(events)));

const evaluation = (step: number, loss: number): TrainEvent => ({
  type: "evaluation",
  step,
  loss,
  perplexity: Math.exp(loss),
  accuracy: 0.5,
  tokens: 10,
  elapsedMs: 5,
});

const step = (number: number, elapsedMs: number) =>
  stepEvent({ step: number, totalSteps: 4, elapsedMs });

const start = (startStep = 0): StartEvent => {
  const event = startEvent({ resume: startStep > 0 });
  return { ...event, totalSteps: 4, startStep };
};

const peak = (measuredTotal: number) => ({ memory: { ...MEMORY, measuredTotal } });

describe("what a log says", () => {
  it("reads a run from beginning to end", () => {
    const translation: TrainEvent = {
      type: "translation",
      step: 2,
      bleu: 12.5,
      signature: "nrefs:1",
      count: 20,
      rouge: { rouge1: 50.5, rouge2: 20, rougeL: 40 },
      elapsedMs: 1,
      samples: [],
    };
    const log = parse([
      start(),
      evaluation(0, 5),
      step(1, 100),
      step(2, 250),
      evaluation(2, 4),
      translation,
      endEvent({ elapsedMs: 300 }),
    ]);
    expect(log).toMatchObject({
      totalSteps: 4,
      elapsedMs: 300,
      evaluations: [
        { step: 0, loss: 5, accuracy: 0.5, atMs: 0, elapsedMs: 5 },
        { step: 2, loss: 4, atMs: 250, elapsedMs: 5 },
      ],
      translation: { bleu: 12.5, signature: "nrefs:1" },
      end: { reason: "finished" },
      memory: { measuredTotal: 1100e6 },
    });
    expect(log?.translation?.rouge).toEqual({ rouge1: 50.5, rouge2: 20, rougeL: 40 });
    expect(log?.steps.map((each) => each.step)).toEqual([1, 2]);
  });

  it("takes the steps after a checkpoint only once, and adds the times up", () => {
    const log = parse([
      start(),
      evaluation(0, 5),
      step(1, 100),
      step(2, 200),
      step(3, 300),
      evaluation(3, 9),
      start(2),
      step(3, 40),
      step(4, 80),
      evaluation(4, 3),
      endEvent({ elapsedMs: 90 }),
    ]);
    expect(log?.steps.map((each) => [each.step, each.elapsedMs])).toEqual([
      [1, 100],
      [2, 200],
      [3, 340],
      [4, 380],
    ]);
    expect(log?.evaluations.map((each) => [each.step, each.loss])).toEqual([
      [0, 5],
      [4, 3],
    ]);
    expect(log?.elapsedMs).toBe(390);
  });

  it("has the memory of the process with the highest peak", () => {
    const interrupted = endEvent({ reason: "interrupted", ...peak(900e6) });
    const log = parse([start(), interrupted, start(2), endEvent(peak(400e6))]);
    expect(log?.memory.measuredTotal).toBe(900e6);
    expect(log?.end?.reason).toBe("finished");
  });

  it("has no end while the run goes on, not even that of an earlier process", () => {
    const interrupted = endEvent({ reason: "interrupted" });
    expect(parse([start(), interrupted])?.end?.reason).toBe("interrupted");
    expect(parse([start(), interrupted, start(2)])?.end).toBeUndefined();
  });

  it("counts the bytes of adapters", () => {
    const param = { shape: [2, 2], treatment: "dense", frozen: false, compressed: false };
    const bytes = { accumulatorBytes: 16, optimizerBytes: 4 };
    const parameters = [
      { ...param, ...bytes, name: "h.0.attn.c_attn.weight", weightBytes: 1000 },
      { ...param, ...bytes, name: "h.0.attn.c_attn.lora_A.weight", weightBytes: 70 },
      { ...param, ...bytes, name: "h.0.attn.c_attn.lora_B.weight", weightBytes: 30 },
    ];
    expect(parse([{ ...start(), parameters }])?.adapterBytes).toBe(100);
    expect(parse([start()])?.adapterBytes).toBe(0);
  });
});

it("has nothing of a run that was not begun", async () => {
  expect(parse([step(1, 10)])).toBeUndefined();
  expect(await readRunLog(newFolder())).toBeUndefined();
});
