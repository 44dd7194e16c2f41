/** Meetings of ranks that step by themselves, beside torch.optim.SGD with Nesterov's momentum. Whole runs are in test/e2e/ranks.test.ts. */

import { describe, expect, it } from "vitest";
import { alone, type Collective, DONE } from "../../src/collective/index.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { bufferOf, floats, setElements } from "../../src/runtime/buffers.ts";
import { openOuterStep } from "../../src/train/outer-step.ts";
import { settle } from "../../src/train/choices/settle.ts";
import { openRun, tiny } from "../engine/support.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

/** One of two ranks, of which the other one adds these numbers. */
function withOther(added: () => number): Collective {
  const sum: Collective["sum"] = (arrays) => {
    for (const array of arrays) for (const i of array.keys()) array[i] = (array[i] ?? 0) + added();
    return DONE;
  };
  return { ...alone, size: 2, sum };
}

function opened(options: TrainOptions, ranks: Collective) {
  const run = openRun(sharedRuntime, { optimizer: "sgd", microSteps: 2, ...options });
  const config = settle(parseConfig({ train: "unread.txt", syncEvery: 4, ...options }), tiny);
  const outer = () => openOuterStep(ranks, { ...run, config, context: { runtime: sharedRuntime } });
  return { ...run, outer };
}

const NAME = "h.0.mlp.c_fc.weight";

describe("a meeting", () => {
  it("moves weights by the mean change, with the momentum of torch.optim.SGD(lr=0.7, momentum=0.9, nesterov=True)", async () => {
    let theirs = 0;
    const ranks = withOther(() => theirs);
    const { engine, outer } = opened({ method: "dense" }, ranks);
    const weight = bufferOf(engine.state.weights, NAME);
    const numbers = async () => floats(await weight.read());
    setElements(
      weight,
      (await numbers()).map(() => 0),
    );
    const own = outer();
    await own?.begin();
    // torch 2.15.0, float64, from 0: a gradient a step, the weight, and the momentum.
    for (const [gradient, expected, momentum] of [
      [0.25, -0.3325, 0.25],
      [-0.5, 0.19075, -0.275],
      [1, -0.983325, 0.7525],
    ] as const) {
      // This rank moves by a quarter, the other one by the rest.
      setElements(
        weight,
        (await numbers()).map((x) => x - gradient / 2),
      );
      theirs = 1.5 * gradient;
      await own?.meet(4);
      for (const x of await numbers()) expect(x).toBeCloseTo(expected, 6);
      const m = own && floats(await bufferOf(own.momentum, NAME).read());
      expect(m?.[0]).toBeCloseTo(momentum, 6);
    }
  });

  it("averages what optimizers remember", async () => {
    const { engine, outer } = opened(
      { method: "dense", optimizer: "adamw" },
      withOther(() => 3),
    );
    const own = outer();
    const [buffer] = Object.values(engine.state.optimizer.get(NAME) ?? {});
    if (buffer)
      setElements(
        buffer,
        floats(await buffer.read()).map(() => 1),
      );
    await own?.begin();
    await own?.meet(4);
    expect((await buffer?.read())?.[0]).toBe(2);
  });

  it("is there for adapters alone where nothing else is trained", () => {
    const { outer } = opened({ method: "lora" }, alone);
    const names = [...(outer()?.momentum.keys() ?? [])];
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !/lora_[AB]/.test(name))).toEqual([]);
  });
});

describe("ranks are not left to themselves", () => {
  it.each<readonly [TrainOptions, string]>([
    [{ method: "galore", optimizer: "adam" }, "learn different subspaces; got galore"],
    [{ method: "relora" }, "what is merged must be the same on all ranks; got relora"],
    [{ weightDtype: "bfloat16" }, "averages weights and state in float32; got bfloat16"],
    [{ evaluateEvery: 6 }, "evaluateEvery must be a multiple of it; got 6, and 4"],
    [{ saveEvery: 2 }, "saveEvery must be a multiple of it; got 2, and 4"],
  ])("%j", (options, message) => {
    expect(opened(options, alone).outer).toThrow(message);
  });

  it("unless they are asked to", () => {
    expect(
      opened({ syncEvery: 1, method: "galore", optimizer: "adam" }, alone).outer(),
    ).toBeUndefined();
  });
});
