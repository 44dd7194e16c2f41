import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatLine } from "../../src/runs/log-writer.ts";
import { parseRunLog } from "../../src/runs/run-log.ts";
import type { StartEvent, TrainEvent } from "../../src/runs/events.ts";
import { endEvent, MEMORY, startEvent, stepEvent } from "../cli/events.ts";
import { newFolder } from "../lab/fake-launch.ts";
import { followLog, readRunLog } from "../support/on-node.ts";

const text = (events: readonly TrainEvent[]) =>
  events.map((event) => `${formatLine(event, new Date(0))}\n`).join("");

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

describe("parseRunLog", () => {
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
    const log = parseRunLog(
      text([
        start(),
        evaluation(0, 5),
        step(1, 100),
        step(2, 250),
        evaluation(2, 4),
        translation,
        endEvent({ elapsedMs: 300 }),
      ]),
    );
    expect(log).toMatchObject({
      totalSteps: 4,
      elapsedMs: 300,
      evaluations: [
        { step: 0, loss: 5, accuracy: 0.5, elapsedMs: 0 },
        { step: 2, loss: 4, elapsedMs: 250 },
      ],
      translation: { bleu: 12.5, signature: "nrefs:1" },
      end: { reason: "finished" },
      memory: { measuredTotal: 1100e6 },
    });
    expect(log?.translation?.rouge).toEqual({ rouge1: 50.5, rouge2: 20, rougeL: 40 });
    expect(log?.steps.map((each) => each.step)).toEqual([1, 2]);
  });

  it("takes the steps after a checkpoint only once, and adds the times up", () => {
    const log = parseRunLog(
      text([
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
      ]),
    );
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
    const log = parseRunLog(text([start(), interrupted, start(2), endEvent(peak(400e6))]));
    expect(log?.memory.measuredTotal).toBe(900e6);
    expect(log?.end?.reason).toBe("finished");
  });

  it("has no end while the run goes on, not even that of an earlier process", () => {
    const interrupted = endEvent({ reason: "interrupted" });
    expect(parseRunLog(text([start(), interrupted]))?.end?.reason).toBe("interrupted");
    expect(parseRunLog(text([start(), interrupted, start(2)]))?.end).toBeUndefined();
  });

  it("reads numbers that JSON does not have", () => {
    const log = parseRunLog(text([start(), evaluation(0, Infinity), evaluation(1, NaN)]));
    expect(log?.evaluations.map(({ loss }) => loss)).toEqual([Infinity, NaN]);
  });

  it("passes over what is no event, and a line that was cut off", () => {
    const cut = text([start(), step(1, 10), step(2, 20)]).slice(0, -30);
    expect(parseRunLog(`\n{"type":"other"}\nnonsense\n${cut}`)?.steps).toHaveLength(1);
    expect(parseRunLog("")).toBeUndefined();
  });

  it("does without ROUGE, which older logs do not have", () => {
    const line = JSON.stringify({ type: "translation", bleu: 1, signature: "", count: 1 });
    const log = parseRunLog(`${text([start()])}${line}\n`);
    expect(log?.translation).toMatchObject({ bleu: 1 });
    expect(log?.translation?.rouge).toBeUndefined();
  });

  it("counts the bytes of adapters", () => {
    const param = { shape: [2, 2], treatment: "dense", frozen: false, compressed: false };
    const bytes = { accumulatorBytes: 16, optimizerBytes: 4 };
    const parameters = [
      { ...param, ...bytes, name: "h.0.attn.c_attn.weight", weightBytes: 1000 },
      { ...param, ...bytes, name: "h.0.attn.c_attn.lora_A.weight", weightBytes: 70 },
      { ...param, ...bytes, name: "h.0.attn.c_attn.lora_B.weight", weightBytes: 30 },
    ];
    expect(parseRunLog(text([{ ...start(), parameters }]))?.adapterBytes).toBe(100);
    expect(parseRunLog(text([start()]))?.adapterBytes).toBe(0);
  });
});

it("has nothing of a run that was not begun", async () => {
  expect(await readRunLog(newFolder())).toBeUndefined();
});

it("follows what is appended, whole lines at a time", async () => {
  const folder = newFolder();
  const path = join(folder, "log.jsonl");
  writeFileSync(path, text([start(), step(1, 10)]));
  const tail = await followLog(folder);
  expect(await tail.read()).toBeUndefined();
  const next = text([step(2, 20), step(3, 30)]);
  appendFileSync(path, next.slice(0, -5));
  expect((await tail.read())?.step).toBe(2);
  appendFileSync(path, next.slice(-5));
  expect((await tail.read())?.step).toBe(3);
  expect(await tail.read()).toBeUndefined();
});

it("follows a log that does not exist yet", async () => {
  const folder = newFolder();
  const tail = await followLog(folder);
  expect(await tail.read()).toBeUndefined();
  writeFileSync(join(folder, "log.jsonl"), text([start(), step(1, 10)]));
  expect((await tail.read())?.step).toBe(1);
});
