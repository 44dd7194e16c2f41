/** Times of steps, counted by hand. */

import { expect, it } from "vitest";
import { int32 } from "../../../src/tensor/host-tensor.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { estimatedStepMs } from "../../../src/train/choices/step-time.ts";
import { settle } from "../../../src/train/choices/settle.ts";

it("is that of the operations, at half the speed of a product, for batches of the mean size", async () => {
  const config = settle(parseConfig({ train: "unread.txt", microSteps: 3 }), { width: 8 });
  const batch = {
    size: 1,
    inputs: { ids: int32([2, 4], new Int32Array(8)) },
    targets: new Int32Array(8),
    weights: new Float32Array(8),
    tokens: 8,
    lossTokens: 8,
  };
  const data = {
    training: { batchesPerEpoch: 2, batchAt: () => batch },
    evaluation: () => [],
    pairs: [],
    shapes: [{ ids: { dtype: "int32", shape: [2, 16] } as const }],
    description: "",
  };
  // 3 micro-steps of 1e9 operations, a quarter of the largest, at 1e9 a second: 0.75 s.
  const cost = { operations: 1e9, speed: 2e9 };
  expect(await estimatedStepMs({ config, data }, cost)).toBeCloseTo(750, 9);
});
