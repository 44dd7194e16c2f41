import * as fc from "fast-check";
import { expect, it } from "vitest";
import { stopFilter } from "../../src/cli/stop-text.ts";

function run(pieces: readonly string[], stop: string | undefined): string {
  const filter = stopFilter(stop);
  const shown = pieces.map((piece) => filter.push(piece)).join("");
  return shown + (filter.stopped ? "" : filter.end());
}

it("ends before the stop text, however the text is cut", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 4 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), letters, (pieces, stop) => {
      const text = pieces.join("");
      const expected = stop === "" ? text : (text.split(stop)[0] ?? "");
      expect(run(pieces, stop)).toBe(expected);
    }),
  );
});

it("shows at once what cannot belong to the stop text", () => {
  const filter = stopFilter("\n\n");
  expect([filter.push("one\n"), filter.push("two"), filter.push("\n")]).toEqual([
    "one",
    "\ntwo",
    "",
  ]);
  expect(stopFilter(undefined).push("x")).toBe("x");
});
