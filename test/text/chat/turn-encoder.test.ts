/** Ranges in tokens, compared with encoding the text up to each end by itself. */

import { describe, expect, it } from "vitest";
import { tokenRanges } from "../../../src/text/chat/token-ranges.ts";
import type { Range } from "../../../src/text/chat/turns.ts";
import { byteTokenizer, loadTokenizer, type Tokenizer } from "../../../src/text/index.ts";
import { nodeFiles } from "../../support/files.ts";
import { directoryOf, smallTokenizers } from "../../support/small-tokenizers.ts";

const tokenizers: readonly (readonly [string, Tokenizer])[] = [
  ["bytes", byteTokenizer()],
  ...(await Promise.all(
    smallTokenizers.map(
      async ([kind, each]) => [kind, await loadTokenizer(nodeFiles, directoryOf(each))] as const,
    ),
  )),
];

/** What a range is: the tokens that reach into it, or out of it. */
function plainRanges({ encode }: Tokenizer, text: string, ranges: readonly Range[]) {
  const ids = encode(text);
  const upTo = (end: number) => {
    const part = encode(text.slice(0, end));
    const differs = part.findIndex((id, i) => id !== ids[i]);
    const shared = differs < 0 ? part.length : differs;
    return { shared, more: shared < part.length ? 1 : 0 };
  };
  return ranges
    .map(([start, end]) => [upTo(start).shared, upTo(end).shared + upTo(end).more] as const)
    .filter(([start, end]) => start < end);
}

const WORDS = [
  "The ",
  "sky",
  " is  blue",
  ".\n",
  "\n\n",
  "    ",
  "Größe",
  "日本",
  "👍🏽",
  "</s>",
  "<s>",
  "[INST]",
  "it's",
  " 12345",
  "!?",
  "▁",
  "-",
];

/** The same numbers every time, from 0 up to a limit. */
function numbers(seed: number) {
  let state = seed;
  return (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe("tokenRanges", () => {
  it.each(tokenizers)("finds what each range is by itself: %s", (_, tokenizer) => {
    const next = numbers(11);
    for (let round = 0; round < 40; round += 1) {
      const ranges: Range[] = [];
      let text = "";
      const words = (count: number) =>
        Array.from({ length: count }, () => WORDS[next(WORDS.length)] ?? "").join("");
      for (let turn = 0; turn < 12; turn += 1) {
        text += words(1 + next(5));
        const start = text.length;
        text += words(next(6));
        ranges.push([start, text.length]);
      }
      text += words(next(3));
      const found = tokenRanges(tokenizer, { text, ids: tokenizer.encode(text), ranges });
      expect(found).toEqual(plainRanges(tokenizer, text, ranges));
    }
  });

  it("encodes no more than a few times what there is", () => {
    const { encode } = byteTokenizer();
    let characters = 0;
    const counting = (text: string) => {
      characters += text.length;
      return encode(text);
    };
    const turn = "Hello, this is what was said.\n";
    const text = turn.repeat(2000);
    const ranges = Array.from({ length: 1000 }, (_, i): Range => {
      const start = (2 * i + 1) * turn.length;
      return [start, start + turn.length];
    });
    expect(tokenRanges({ encode: counting }, { text, ids: encode(text), ranges })).toEqual(ranges);
    expect(characters).toBeLessThan(30 * text.length);
  });
});
