/** Fira against NumPy, across two changes of its subspace. */

import { describe, expect, it } from "vitest";
import { fira } from "../../../src/compress/methods/fira.ts";
import { takesGoldenSteps } from "./support.ts";

describe("Fira", () => {
  takesGoldenSteps("fira", fira({ rank: 3 }));

  it("needs all gradients whole", () => {
    expect(fira({ rank: 3 }).needsWholeGradients).toBe(true);
  });
});
