/** What a teacher says is PyTorch's; blocks of rows say what all say at once. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  buildLargest,
  type LargestLogits,
  largestLogits,
} from "../../../src/engine/objectives/largest-logits.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose } from "../../support/close.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { batchAt, openRun } from "../support.ts";

interface Golden {
  readonly shape: readonly [number, number, number];
  readonly choices: number;
  readonly teacher: Readonly<Record<"bias" | "hidden" | "weight", readonly number[]>>;
  readonly cases: readonly {
    readonly softcap: number | null;
    readonly ids: readonly number[];
    readonly shares: readonly number[];
  }[];
}
const golden: Golden = JSON.parse(readFileSync("test/golden/distillation.json", "utf8"));

it.each(golden.cases)("is PyTorch's, capped at $softcap", async ({ softcap, ids, shares }) => {
  const [rows, width, vocabulary] = golden.shape;
  const { choices, teacher } = golden;
  const shape = { rows, width, vocabulary, softcap: softcap ?? undefined, choices };
  const program = await sharedRuntime.load(
    buildLargest(shape, { weight: "float32", bias: "float32" }),
  );
  const fed = (numbers: readonly number[], of: readonly number[]) =>
    sharedRuntime.adopt(float32(of, Float32Array.from(numbers)));
  const found = {
    ids: sharedRuntime.allocate("int32", [rows, choices]),
    shares: sharedRuntime.allocate("float32", [rows, choices]),
  };
  await program.run(
    {
      hidden: fed(teacher.hidden, [rows, width]),
      weight: fed(teacher.weight, [vocabulary, width]),
      bias: fed(teacher.bias, [vocabulary]),
    },
    found,
  );
  expect(Array.from(await found.ids.read(), Number)).toEqual(ids);
  expectClose(Array.from(await found.shares.read(), Number), shares, 1e-6);
  await program.release();
});

describe("of a batch", () => {
  it("tells of the targets that count, in their order", async () => {
    const told: LargestLogits[] = [];
    const { engine } = openRun(
      sharedRuntime,
      {},
      {
        objective: largestLogits(3, (_, said) => void told.push(said)),
      },
    );
    const batch = batchAt(1, 8);
    const some = batch.weights.map((_, i) => (i % 5 === 2 ? 1 : 0));
    await engine.evaluate([batch, { ...batch, weights: some }]);
    const [all, few] = told;
    const counted = [...some.keys()].filter((i) => some[i] === 1);
    expect(few?.ids).toHaveLength(3 * counted.length);
    expect([...(few?.ids ?? [])]).toEqual(
      counted.flatMap((i) => [...(all?.ids.subarray(3 * i, 3 * i + 3) ?? [])]),
    );
    for (let i = 0; i < batch.targets.length; i++) {
      const sum = all?.shares.subarray(3 * i, 3 * i + 3).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
    await engine.release();
  });
});
