/** Examples that do not fit: refused, left out, or cut to as many characters of each text as fit. */

import { describe, expect, it } from "vitest";
import { type ExampleEncoding, fitExamples } from "../../../src/data/index.ts";

type Texts = readonly string[];

/** Three characters around a text and one after the second; a token a character. */
const encoding: ExampleEncoding<Texts, string> = {
  what: "texts",
  encode: (texts) => `<${texts.join("|")}>`,
  lengthOf: ({ length }) => length,
  texts: (texts) => texts,
  withTexts: (_, texts) => texts,
};

const examples: readonly Texts[] = [["abc"], ["abcdefgh"], ["ab", "abcdefgh"], ["abcde", "abcde"]];

describe("fitExamples", () => {
  it("keeps what fits as it is", () => {
    const options = { contextLength: 20 } as const;
    expect(fitExamples(examples, encoding, options)).toEqual({
      sequences: ["<abc>", "<abcdefgh>", "<ab|abcdefgh>", "<abcde|abcde>"],
      dropped: 0,
      truncated: 0,
      empty: 0,
    });
  });

  it("cuts all texts of an example to the same number of characters, the most that fit", () => {
    const options = { contextLength: 8, tooLong: "truncate" } as const;
    expect(fitExamples(examples, encoding, options)).toEqual({
      sequences: ["<abc>", "<abcdef>", "<ab|abc>", "<ab|ab>"],
      dropped: 0,
      truncated: 3,
      empty: 0,
    });
  });

  it.each([
    [10, ["<abc>", "<abcdefgh>"]],
    [2, []],
  ])("leaves out what does not fit into %d", (contextLength, sequences) => {
    const options = { contextLength, tooLong: "drop" } as const;
    expect(fitExamples(examples, encoding, options)).toMatchObject({
      sequences,
      dropped: examples.length - sequences.length,
    });
  });

  it.each([
    ["refuse", 10, "texts: 2 of 4 are longer than the context of 10 tokens; got up to 13"],
    ["truncate", 4, "texts: 2 of 4 are longer than the context of 4 tokens; got up to 5"],
  ] as const)("with %s says what does not fit into %d", (tooLong, contextLength, message) => {
    expect(() => fitExamples(examples, encoding, { contextLength, tooLong })).toThrow(message);
  });
});
