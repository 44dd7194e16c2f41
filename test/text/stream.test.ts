/** What a stream decoder returns, put together, is `decode` of all ids; it never takes text back. */

import { existsSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteTokenizer, streamDecoder, type Tokenizer } from "../../src/text/index.ts";
import { loadTokenizer } from "../support/on-node.ts";

const DATA = "../shared/data/tokenizers";

function stream(tokenizer: Tokenizer, ids: Iterable<number>): string[] {
  const decoder = streamDecoder(tokenizer);
  return [...Array.from(ids, (id) => decoder.push(id)), decoder.end()];
}

describe("streamDecoder", () => {
  it.each([
    ["waits for a whole character", [0xe2, 0x82, 0xac, 0x21], ["", "", "€", "!", ""]],
    ["waits for what follows a space", [0x61, 0x20, 0x62], ["a", "", " b", ""]],
    ["shows what is no UTF-8 when it is certain", [0xe2, 0x82, 0x61], ["", "", "\uFFFDa", ""]],
    ["ends with what was held back", [0x61, 0x0a, 0xe2], ["a", "", "", "\n\uFFFD"]],
    ["skips special tokens", [0x61, 256, 0x62], ["a", "", "b", ""]],
    ["is empty without ids", [], [""]],
  ])("%s", (_, ids, expected) => {
    expect(stream(byteTokenizer(), ids)).toEqual(expected);
  });

  it("returns the text of any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 256 })), (ids) => {
        expect(stream(byteTokenizer(), ids).join("")).toBe(byteTokenizer().decode(ids));
      }),
    );
  });

  it("returns the bytes of text as soon as they are whole characters", () => {
    const ids = byteTokenizer().encode("größer 👍 als");
    expect(stream(byteTokenizer(), ids).filter((text) => text !== "")).toEqual([
      "g",
      "r",
      "ö",
      "ß",
      "e",
      "r",
      " 👍",
      " a",
      "l",
      "s",
    ]);
  });

  it.skipIf(!existsSync(DATA)).each(["gpt2", "llama", "t5", "bert"])(
    "returns the text of %s's ids",
    async (name) => {
      const tokenizer = await loadTokenizer(`${DATA}/${name}`);
      const text = "They don't say 'no' , do they?  Größe 👩‍👩‍👧‍👦 日本\n\n I'm here...";
      const ids = tokenizer.encode(text);
      expect(stream(tokenizer, ids).join("")).toBe(tokenizer.decode(ids));
    },
  );
});
