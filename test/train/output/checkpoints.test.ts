/**
 * @file The power goes at any change of the disk while a run is saved: what is left is the state before, or the one that was being saved,
 * whole; and a model that is one of these two, or none that loads.
 */

import { describe, expect, it } from "vitest";
import { KINDS, powerCuts, savings } from "../saved-states.ts";

describe.each(Object.entries(KINDS))("a run of %s", (_, options) => {
  it("has one of two states whenever the power goes", async () => {
    for await (const saving of savings(options, 2)) {
      const { kills, problems } = await powerCuts(saving);
      expect(problems).toEqual([]);
      expect(kills).toBeGreaterThan(100);
    }
  });
});
