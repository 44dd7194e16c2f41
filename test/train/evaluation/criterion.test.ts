/** A run that is judged by answers: which it is told, what decides, and what cannot. */

import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import type { EvaluationEvent, TrainEvent } from "../../../src/runs/events.ts";
import { checkCriterion } from "../../../src/train/evaluation/criterion.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";

const rows = Array.from({ length: 80 }, (_, i) => ({ source: `${i} + 1 =`, target: `${i + 1}` }));
const tiny: TrainRequest = {
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
  data: rows.slice(0, 40),
  validation: rows.slice(40),
  steps: 4,
  evaluateEvery: 1,
  batchSize: 4,
  rank: 4,
  translations: 60,
  samples: 0,
  output: "run",
};

async function follow(request: TrainRequest) {
  const events: TrainEvent[] = [];
  const host = memoryHost();
  for await (const event of train({ ...tiny, ...request }, { host, runtime })) events.push(event);
  return {
    host,
    evaluations: events.filter((event): event is EvaluationEvent => event.type === "evaluation"),
    models: events.flatMap((event) =>
      event.type === "saved" && event.what === "model" ? [event.step] : [],
    ),
    events,
  };
}

describe("a metric of one's own", () => {
  it("is told held-out answers beside the right ones, and decides, more being better", async () => {
    const told: string[][] = [];
    const scores = [5, 1, 3, 2, 2.5];
    const metric = (outputs: readonly string[], references: readonly string[]) => {
      told.push([...references]);
      expect(outputs).toHaveLength(references.length);
      return scores[told.length - 1] ?? 0;
    };
    const { evaluations, models, events } = await follow({
      criterion: "mine",
      metrics: { mine: metric },
      translations: 8,
    });
    expect(evaluations.map(({ metrics }) => metrics)).toEqual(scores.map((mine) => ({ mine })));
    expect(models).toEqual([1, 2]);
    // The same ones every time, before the last translation.
    for (const references of told.slice(0, 5)) expect(references).toEqual(told[0]);
    expect(told[0]).toHaveLength(8);
    const known = rows.slice(40).map(({ target }) => target);
    for (const reference of told[0] ?? []) expect(known).toContain(reference);
    expect(events.at(-1)).toMatchObject({ type: "end", reason: "finished" });
  });

  it("is patient by it", async () => {
    let count = 0;
    const { events } = await follow({
      criterion: "mine",
      metrics: { mine: () => -count++ },
      patience: 2,
    });
    expect(events.at(-1)).toMatchObject({ reason: "no better", step: 3 });
  });
});

it.each(["bleu", "rougeL", "exact"])("%s is that of at most 32 answers", async (criterion) => {
  const seen: number[] = [];
  const { evaluations } = await follow({ criterion, steps: 1 });
  for (const { metrics } of evaluations) {
    const score = metrics?.[criterion] ?? NaN;
    seen.push(score);
    expect(score).toBeGreaterThanOrEqual(0);
  }
  expect(seen).toHaveLength(2);
});

it("without one, nothing is answered", async () => {
  const { evaluations } = await follow({ steps: 1 });
  for (const event of evaluations) expect(event).not.toHaveProperty("metrics");
});

it.each<[string, TrainRequest, string]>([
  [
    "a name that nobody has",
    { criterion: "f1" },
    "criterion: must be loss, accuracy, bleu, rougeL, exact; got f1",
  ],
  [
    "no answers",
    { criterion: "exact", translations: 0 },
    "criterion: needs held-out questions with their answers; got exact, and translations 0",
  ],
  [
    "texts",
    {
      criterion: "bleu",
      data: [{ text: "one two three four five six seven. ".repeat(40) }],
      validation: [{ text: "one two three four five six seven. ".repeat(4) }],
    },
    "criterion: needs held-out questions with their answers; got bleu, and none",
  ],
])("%s is refused", async (_, request, message) => {
  await expect(follow(request)).rejects.toThrow(message);
});

it("an objective may have a name that is not known before", () => {
  const objective = { name: "own", open: () => expect.unreachable(), metrics: () => ({ own: 1 }) };
  expect(() => checkCriterion({ criterion: "own" }, { objective })).not.toThrow();
  expect(() => checkCriterion({ criterion: "own" }, { metrics: { own: () => 1 } })).not.toThrow();
});
