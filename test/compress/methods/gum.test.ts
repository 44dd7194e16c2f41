/** GUM against NumPy, across two changes of its subspace: what is left out, then what is in it, then what is left out again. */

import { describe, expect, it } from "vitest";
import { gum } from "../../../src/compress/methods/gum.ts";
import { adam } from "../../../src/optim/index.ts";
import { takesGoldenSteps } from "./support.ts";

const compressor = gum({ rank: 3 });

describe("GUM", () => {
  takesGoldenSteps("gum", compressor, "muon");

  it("needs all gradients whole, and learns a subspace every 200 steps", () => {
    expect([compressor.resampleEvery, compressor.needsWholeGradients]).toEqual([200, true]);
  });

  it("leaves alone what is not Muon's", () => {
    const param = { name: "w", shape: [6, 8], role: "matrix", inChunks: false };
    expect(compressor.compress(param, adam())).toEqual({ reason: "not Muon's" });
  });
});
