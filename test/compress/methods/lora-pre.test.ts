/** LoRA-Pre against NumPy, in its forms of Adam and of Muon: all factors are others in every step. */

import { describe, expect, it } from "vitest";
import { loraPre } from "../../../src/compress/methods/lora-pre.ts";
import { sgd } from "../../../src/optim/index.ts";
import { takesGoldenSteps } from "./support.ts";

const compressor = loraPre({ rank: 3 });

describe("LoRA-Pre", () => {
  takesGoldenSteps("lora-pre", compressor);
  takesGoldenSteps("lora-pre muon", compressor, "muon");

  it("needs all gradients whole", () => {
    expect(compressor.needsWholeGradients).toBe(true);
  });

  it("refuses an optimizer that is neither Adam nor Muon", () => {
    const projection = { side: "rows", rank: 3, dimension: 6, family: "orthonormal" } as const;
    expect(() => compressor.rule(sgd(), projection)).toThrow("no moments of Adam");
  });
});
