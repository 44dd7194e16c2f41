/** GaLore against NumPy, across two changes of its subspace. */

import { describe, expect, it } from "vitest";
import { galore } from "../../../src/compress/methods/galore.ts";
import { sgd } from "../../../src/optim/index.ts";
import { takesGoldenSteps } from "./support.ts";

const compressor = galore({ rank: 3 });

describe("GaLore", () => {
  takesGoldenSteps("galore", compressor);

  it("learns a subspace every 200 steps, and compresses gradients in between", () => {
    expect([compressor.resampleEvery, compressor.needsWholeGradients]).toEqual([200, undefined]);
  });

  it("leaves alone what it saves nothing on", () => {
    const param = { name: "w", shape: [3, 8], role: "matrix", inChunks: false };
    expect(compressor.compress(param, sgd())).toEqual({ reason: "rank 3 saves nothing on 3 rows" });
  });

  it("refuses an optimizer without moments, and says which have some", () => {
    const projection = { side: "rows", rank: 3, dimension: 6, family: "orthonormal" } as const;
    expect(() => compressor.rule(sgd(), projection)).toThrow("cannot live in a subspace");
  });
});
