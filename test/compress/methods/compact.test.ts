/** CompAct against NumPy, across two changes of its subspace. */

import { describe, expect, it } from "vitest";
import { compact } from "../../../src/compress/methods/compact.ts";
import { identity } from "../../../src/optim/index.ts";
import { takesGoldenSteps } from "./support.ts";

describe("CompAct", () => {
  takesGoldenSteps("compact", compact({ rank: 3 }));

  it("projects what a linear map reads, and never needs a gradient whole", () => {
    const compressor = compact({ rank: 3 });
    const param = {
      name: "w",
      shape: [8, 16],
      role: "matrix",
      inChunks: false,
      inputAxis: 1,
    } as const;
    expect(compressor.compress(param, identity())).toMatchObject({
      projection: { side: "columns", dimension: 16, family: "gaussian" },
    });
    expect(compressor.needsWholeGradients).toBeUndefined();
  });
});
