/** Stop strings against a search for them after every character. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stopFilter, textStream } from "../../src/generate/stop-strings.ts";
import { pieces } from "./support.ts";

/** What stands before the stop string that is complete first, the longest of those complete at once. */
function textBefore(text: string, stops: readonly string[]): string | undefined {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => stop !== "" && text.slice(0, end).endsWith(stop));
    const longest = Math.max(0, ...found.map((stop) => stop.length));
    if (longest > 0) return text.slice(0, end - longest);
  }
  return undefined;
}

const letters = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength });
const stopStrings = fc.array(letters(4), { maxLength: 3 });

describe("a stop filter", () => {
  it("ends before what is complete first, however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(letters(4), { maxLength: 6 }), stopStrings, (parts, stops) => {
        const filter = stopFilter(stops);
        const shown = parts.map((part) => filter.push(part)).join("");
        const text = parts.join("");
        const before = textBefore(text, stops);
        expect(filter.stopped).toBe(before !== undefined);
        expect(shown + filter.end()).toBe(before ?? text);
      }),
      { numRuns: 500 },
    );
  });

  it("shows at once what cannot belong to a stop string", () => {
    const filter = stopFilter(["\n\n", "###"]);
    expect(["one\n", "two", "\n", "#", "x##"].map((part) => filter.push(part))).toEqual([
      "one",
      "\ntwo",
      "",
      "\n",
      "#x",
    ]);
    expect(stopFilter([]).push("x\n")).toBe("x\n");
  });
});

describe("a stream of tokens", () => {
  const tokens = fc.array(fc.nat(60), { maxLength: 12 });

  it("ends before the stop string, with the token that completes it", () => {
    fc.assert(
      fc.property(tokens, stopStrings, (ids, stops) => {
        const stream = textStream(pieces, stops);
        let shown = "";
        for (const [i, id] of ids.entries()) {
          shown += stream.push(id);
          const isStopped = textBefore(pieces.decode(ids.slice(0, i + 1)), stops) !== undefined;
          expect(stream.stopped).toBe(isStopped);
        }
        const text = pieces.decode(ids);
        expect(shown + stream.end()).toBe(textBefore(text, stops) ?? text);
      }),
      { numRuns: 500 },
    );
  });
});
