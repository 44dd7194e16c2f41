/** LDAdam against NumPy, whose subspace is another one in every step. */

import { describe, expect, it } from "vitest";
import { ldadam } from "../../../src/compress/methods/ldadam.ts";
import { sgd } from "../../../src/optim/index.ts";
import { takesGoldenSteps } from "./support.ts";

const compressor = ldadam({ rank: 3 });

describe("LDAdam", () => {
  takesGoldenSteps("ldadam", compressor);

  it("needs all gradients whole, and keeps an error of their size and a basis", () => {
    expect(compressor.needsWholeGradients).toBe(true);
  });

  it("refuses an optimizer that is not Adam", () => {
    const projection = { side: "rows", rank: 3, dimension: 6, family: "orthonormal" } as const;
    expect(() => compressor.rule(sgd(), projection)).toThrow("no moments of Adam");
  });
});
