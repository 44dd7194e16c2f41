/** What a run of several ranks needs; whole runs are in test/e2e/ranks.test.ts. */

import { describe, expect, it } from "vitest";
import { alone, type Collective, DONE } from "../../../src/collective/index.ts";
import { checkRanks, leaveMomentum, reduceOver } from "../../../src/train/ranks/ranks.ts";
import { fill } from "../../../src/runtime/buffers.ts";
import { openRun } from "../../engine/support.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";

const ranks = (size: number, rank = 0): Collective => ({ ...alone, size, rank });

describe("a step is divided", () => {
  it.each<[number, number, "float32" | "int8", string | undefined]>([
    [1, 3, "int8", undefined],
    [3, 6, "float32", undefined],
    [4, 6, "float32", "a step has 6 micro-batches, which 4 ranks cannot have equally many of"],
    [2, 6, "int8", "sums of several ranks are added up in float32; got int8"],
  ])("among %i ranks: %i micro-batches, %s", (size, microSteps, accumulatorDtype, message) => {
    const check = () => checkRanks({ microSteps, accumulatorDtype }, ranks(size));
    if (message === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(message);
  });
});

describe("sums", () => {
  it("are those of all ranks, of losses too", async () => {
    const { engine } = openRun(sharedRuntime, { optimizer: "sgd", microSteps: 2 });
    const twice: Collective = {
      ...ranks(2),
      sum(arrays) {
        for (const each of arrays) for (const [i, x] of each.entries()) each[i] = 2 * x;
        return DONE;
      },
      gather: (own) => [own, own],
    };
    const [buffers] = engine.state.accumulators.values();
    const [buffer] = Object.values(buffers ?? {});
    if (buffer) fill(buffer, 3);
    const float32 = { exchangeDtype: "float32", seed: 1, syncEvery: 1 } as const;
    const reduce = reduceOver(twice, float32);
    await reduce?.take([...engine.state.accumulators.values()], 0);
    const sums = await reduce?.end({ lossSum: 1.5, lossTokens: 7 });
    expect(sums).toEqual({ lossSum: 3, lossTokens: 14 });
    expect((await buffer?.read())?.[0]).toBe(6);
    const told = { "rewards/chosen": 0.5, "rewards/margins": -2 };
    const all = await reduce?.end({ lossSum: 0, lossTokens: 1, told });
    expect(all?.told).toEqual({ "rewards/chosen": 1, "rewards/margins": -4 });
    expect(reduceOver(alone, float32)).toBeUndefined();
  });

  it("are begun as soon as there is a megabyte of them, and end in the order in which they began", async () => {
    const done: string[] = [];
    const watched: Collective = {
      ...ranks(2),
      sum(arrays) {
        const count = arrays.reduce((total, { length }) => total + length, 0);
        done.push(`begun ${count}`);
        return { progress: () => done.push("moved"), wait: () => done.push(`ended ${count}`) };
      },
      gather: (own) => [own, own],
    };
    const reduce = reduceOver(watched, { exchangeDtype: "float32", seed: 1, syncEvery: 1 });
    const accumulator = (count: number) => ({ sum: sharedRuntime.allocate("float32", [count]) });
    for (const count of [2 ** 18 - 1, 1, 5]) await reduce?.take([accumulator(count)], 0);
    await reduce?.take([], 0);
    await reduce?.end({ lossSum: 0, lossTokens: 1 });
    expect(done).toEqual([
      "begun 262144",
      "moved",
      "moved",
      "moved",
      "begun 5",
      "ended 262144",
      "ended 5",
    ]);
  });

  it("have a momentum that accumulators carry once", async () => {
    for (const rank of [0, 1]) {
      const { engine } = openRun(sharedRuntime, { optimizer: "muon", microSteps: 2 });
      const { state, parts } = engine;
      const [name = ""] = state.carried;
      const [buffer] = Object.values(state.accumulators.get(name) ?? {});
      if (buffer) fill(buffer, 3);
      leaveMomentum(ranks(2, rank), { state, plan: parts.plan });
      expect((await buffer?.read())?.[0]).toBe(rank === 0 ? 3 : 0);
    }
  });
});
