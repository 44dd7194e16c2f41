/** APOLLO against NumPy, across two changes of its subspace. */

import { describe, expect, it } from "vitest";
import { apollo, apolloMini } from "../../../src/compress/methods/apollo.ts";
import { takesGoldenSteps } from "./support.ts";

describe("APOLLO", () => {
  takesGoldenSteps("apollo", apollo({ rank: 3 }));
  takesGoldenSteps("apollo-mini", apolloMini({}));

  it("needs gradients whole, but may use them where they are born", () => {
    expect(apollo({ rank: 3 })).toMatchObject({ needsWholeGradients: true, resampleEvery: 200 });
  });
});
