import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { logPath } from "../../../src/runs/log-line.ts";
import { recordOf, type TrainingRecord } from "../../../src/hub/publish/training-record.ts";
import { parseLog } from "../../../src/runs/read-log.ts";
import { runLogOf } from "../../../src/runs/run-log.ts";
import type { TrainEvent } from "../../../src/runs/events.ts";
import { linesOf } from "../../runs/support.ts";
import { endEvent, startEvent, stepEvent } from "../../cli/events.ts";
import { temporaryDirectory } from "../../weights/support.ts";
import { readTrainingRecord } from "../../support/on-node.ts";

/** A log as flora train writes it. */
const log = (...events: readonly TrainEvent[]): string => linesOf(events);

const parsed = (text: string): TrainingRecord | undefined => {
  const run = runLogOf(parseLog(text));
  return run && recordOf(run);
};

const evaluation = (step: number, loss: number): TrainEvent => ({
  type: "evaluation",
  step,
  loss,
  perplexity: Math.exp(loss),
  accuracy: 0.5,
  tokens: 1,
  elapsedMs: 1,
});

it("tells the last of everything", () => {
  const text = log(
    startEvent({ method: "lora" }),
    stepEvent({ step: 1, loss: 3 }),
    evaluation(1, 2.5),
    stepEvent({ step: 400, loss: 2 }),
    evaluation(400, 1.5),
    {
      type: "translation",
      step: 400,
      bleu: 31.5,
      signature: "s",
      rouge: { rouge1: 1, rouge2: 1, rougeL: 1 },
      count: 1,
      elapsedMs: 1,
      samples: [],
    },
    endEvent(),
  );
  const record = parsed(text);
  expect(record).toMatchObject({
    config: { method: "lora", batchSize: 8 },
    data: "28,000 pairs, 1,000 held out",
    parameterCount: 124_439_808,
    step: 400,
    totalSteps: 400,
    trainingLoss: 2,
    heldOut: { loss: 1.5, perplexity: Math.exp(1.5), accuracy: 0.5 },
    translation: { bleu: 31.5, signature: "s" },
  });
});

it("goes on with a run that goes on, and passes over what is no event", () => {
  const whole = log(startEvent(), stepEvent({ step: 200, loss: 3 }), evaluation(200, 2.5));
  const again = { ...startEvent({ resume: true }), startStep: 200 };
  const text = `${whole}\n{"type": "step", "st\nnonsense\n[1]\n${log(again)}`;
  expect(parsed(text)).toMatchObject({ step: 200, heldOut: { loss: 2.5 } });
  expect(parsed(text + log(stepEvent({ loss: Number.NaN })))?.trainingLoss).toBe(3);
});

it("is none without a log, or a beginning", async () => {
  const directory = temporaryDirectory();
  expect(await readTrainingRecord(directory)).toBeUndefined();
  writeFileSync(logPath(directory), log(stepEvent()));
  expect(await readTrainingRecord(directory)).toBeUndefined();
});
