/** When a run has diverged, got no better, or had a spike: by losses made by hand. */

import { describe, expect, it } from "vitest";
import type { EvaluationEvent } from "../../../src/runs/events.ts";
import { createJudge, type Judge, memorySchema } from "../../../src/train/evaluation/judge.ts";

const USUAL = { criterion: "loss", patience: 0, skipSpikes: 0 } as const;

const evaluation = (step: number, loss: number, accuracy = 0): EvaluationEvent => ({
  type: "evaluation",
  step,
  loss,
  accuracy,
  perplexity: Math.exp(loss),
  tokens: 1,
  elapsedMs: 0,
});

/** Training losses, then a held-out one. */
function hear(judge: Judge, losses: readonly number[], held: EvaluationEvent): boolean {
  for (const loss of losses) judge.stepped(loss, false);
  return judge.evaluated(held);
}

describe("divergence", () => {
  it.each([
    ["both losses rose", [2.1, 2.2, 10.6, 8, 7], 2.96, "diverged"],
    ["data are learned by heart", [2.1, 1.5, 0.5, 0.1, 0.1], 2.96, undefined],
    ["the held-out loss rose a little", [2.1, 2.3, 2.2, 2.2, 2.2], 2, undefined],
    ["all goes well", [2.1, 2, 1.9, 1.8, 1.7], 1.7, undefined],
    ["weights are lost that were hardly held out", [2, 2.1, 1e5, 2, 2], 1.9, "diverged"],
    ["losses are high and come down", [2, 2.1, 100, 2, 2], 1.9, undefined],
  ] as const)("%s", (_, losses, held, verdict) => {
    const judge = createJudge(USUAL);
    judge.evaluated(evaluation(0, 1.8));
    hear(judge, losses, evaluation(5, held));
    expect(judge.verdict()).toBe(verdict);
  });

  it("is looked for at once where training losses are far above the first", () => {
    const judge = createJudge(USUAL);
    const alarms = [2.1, 10, 10, 10].map((loss) => {
      judge.stepped(loss, false);
      return judge.isAlarmed();
    });
    expect(alarms).toEqual([false, false, true, true]);
  });
});

describe("the best evaluation", () => {
  it("has the lowest loss after the first step", () => {
    const judge = createJudge(USUAL);
    const losses = [1, 3, 2, 2.5, 1.9];
    const best = losses.map((loss, step) => judge.evaluated(evaluation(step, loss)));
    expect(best).toEqual([false, true, true, false, true]);
    expect(judge.memory()).toMatchObject({ first: { loss: 1 }, best: { step: 4, loss: 1.9 } });
  });

  it("has the lower loss of two that are as accurate", () => {
    const judge = createJudge({ ...USUAL, criterion: "accuracy" });
    const losses = [2, 1.5, 1.7];
    const best = losses.map((loss, i) => judge.evaluated(evaluation(i + 1, loss, 0.5)));
    expect(best).toEqual([true, true, false]);
  });

  it("has the highest accuracy if that is the criterion", () => {
    const judge = createJudge({ ...USUAL, criterion: "accuracy" });
    const best = [0.5, 0.7, 0.6].map((accuracy, i) =>
      judge.evaluated(evaluation(i + 1, 1 - i, accuracy)),
    );
    expect(best).toEqual([true, true, false]);
  });

  it("ends a run that has had none for so long", () => {
    const judge = createJudge({ ...USUAL, patience: 2 });
    const verdicts = [3, 2, 2.1, 2.2].map((loss, i) => {
      judge.evaluated(evaluation(i + 1, loss));
      return judge.verdict();
    });
    expect(verdicts).toEqual([undefined, undefined, undefined, "no better"]);
  });
});

describe("spikes", () => {
  it("are losses far above the mean; a run that has nothing else has diverged", () => {
    const judge = createJudge({ ...USUAL, skipSpikes: 2 });
    expect(judge.highestLoss()).toBeUndefined();
    for (const loss of [2, 2.2, 1.8, 2]) judge.stepped(loss, false);
    // The mean is 2, the deviation 0.14: 2 + max(0.85, 2)
    expect(judge.highestLoss()).toBeCloseTo(4, 12);
    judge.stepped(9, true);
    expect([judge.verdict(), judge.memory().spikes]).toEqual([undefined, 1]);
    judge.stepped(2, false);
    for (const loss of [9, 9]) judge.stepped(loss, true);
    expect([judge.verdict(), judge.memory().spikes]).toEqual(["diverged", 3]);
  });

  it("are above six deviations where losses differ much", () => {
    const judge = createJudge({ ...USUAL, skipSpikes: 1 });
    for (const loss of [1, 3, 1, 3]) judge.stepped(loss, false);
    expect(judge.highestLoss()).toBeCloseTo(2 + 6, 12);
  });
});

it("goes on from what it remembers as if nothing had been between", () => {
  const options = { criterion: "loss", patience: 3, skipSpikes: 2 } as const;
  const losses = [4, 3.5, 3.7, 3.1, 3.3, 3.2, 3.0, 2.9];
  const tell = (judge: Judge, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      judge.stepped(losses[i] ?? 0, false);
      judge.evaluated(evaluation(i, losses[i] ?? 0));
    }
  };
  const whole = createJudge(options);
  tell(whole, 0, 8);
  const first = createJudge(options);
  tell(first, 0, 5);
  const saved = memorySchema.parse(JSON.parse(JSON.stringify(first.memory())));
  const second = createJudge(options, saved);
  tell(second, 5, 8);
  expect(second.memory()).toEqual(whole.memory());
});
