/** Texts and ranges in tokens, compared with encoding each text, and the text up to each end, by itself. */

import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { chatTemplate } from "../../../src/text/chat/chat-template.ts";
import { turnEncoder } from "../../../src/text/chat/turn-encoder.ts";
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

/** Some words, the same every time. */
const wordsOf = (next: (limit: number) => number) => (count: number) =>
  Array.from({ length: count }, () => WORDS[next(WORDS.length)] ?? "").join("");

describe("turnEncoder", () => {
  it.each(tokenizers)("finds what each range is by itself: %s", (_, tokenizer) => {
    const next = numbers(11);
    const words = wordsOf(next);
    for (let round = 0; round < 40; round += 1) {
      const assistant: Range[] = [];
      let text = "";
      for (let turn = 0; turn < 12; turn += 1) {
        text += words(1 + next(5));
        const start = text.length;
        text += words(next(6));
        assistant.push([start, text.length]);
      }
      text += words(next(3));
      const found = turnEncoder(tokenizer)({ text, assistant });
      expect(found.ids).toEqual(tokenizer.encode(text));
      expect(found.assistant).toEqual(plainRanges(tokenizer, text, assistant));
    }
  });

  it.each(tokenizers)(
    "encodes texts that begin alike as if each were alone: %s",
    (_, tokenizer) => {
      const next = numbers(5);
      const words = wordsOf(next);
      for (let round = 0; round < 5; round += 1) {
        const encode = turnEncoder(tokenizer);
        let kept = "";
        for (let turn = 0; turn < 25; turn += 1) {
          const [asked, answered] = [kept + words(3 + next(20)), words(next(30))];
          const text = asked + answered + words(next(2));
          const assistant: readonly Range[] = [[asked.length, asked.length + answered.length]];
          const found = encode({ text, assistant });
          expect(found.ids).toEqual(tokenizer.encode(text));
          expect(found.assistant).toEqual(plainRanges(tokenizer, text, assistant));
          // The next one goes on, or has another answer, or goes back further.
          kept = text.slice(0, [text.length, asked.length, next(text.length)][next(3)]);
        }
      }
    },
  );

  it("encodes no more than a few times what there is", () => {
    const { encode } = byteTokenizer();
    let characters = 0;
    const counting = (text: string) => {
      characters += text.length;
      return encode(text);
    };
    const turn = "Hello, this is what was said.\n";
    const text = turn.repeat(2000);
    const assistant = Array.from({ length: 1000 }, (_, i): Range => {
      const start = (2 * i + 1) * turn.length;
      return [start, start + turn.length];
    });
    expect(turnEncoder({ encode: counting })({ text, assistant }).assistant).toEqual(assistant);
    expect(characters).toBeLessThan(30 * text.length);
  });
});

const golden: {
  readonly templates: readonly { readonly name: string; readonly template: string }[];
} = JSON.parse(await readFile(new URL("../../golden/chat_fields.json", import.meta.url), "utf8"));

const LINES = [
  "What is it, then?",
  "It is what it was, I think.",
  "Is that so? Why?",
  "Yes.\n\nAs I said.",
];

/** No tokens of its own end the turns: words and spaces alone say where tokens end. */
describe.each(golden.templates)("a chat in the manner of $name", ({ template }) => {
  const [, tokenizer] = tokenizers.find(([name]) => name === "GPT-2") ?? [];
  if (!tokenizer) throw new Error("no GPT-2 among the small tokenizers");

  /** Characters that are encoded for each that is said. */
  const effortOf = (answers: number): number => {
    const next = numbers(3);
    const line = () => (LINES[next(LINES.length)] ?? "").repeat(1 + next(4));
    const messages = Array.from({ length: answers }, () => [
      { role: "user", content: line() },
      { role: "assistant", content: line() },
    ]).flat();
    const said = messages.reduce((sum, { content }) => sum + content.length, 0);
    let encoded = 0;
    const encode = (text: string) => {
      encoded += text.length;
      return tokenizer.encode(text);
    };
    const config = { bos_token: "<s>", eos_token: "</s>", chat_template: template };
    const files = new Map([["tokenizer_config.json", JSON.stringify(config)]]);
    const turns = chatTemplate({ ...tokenizer, files }).renderTurns(messages);
    for (const each of turns.map(turnEncoder({ encode }))) expect(each.assistant).not.toEqual([]);
    return encoded / said;
  };

  it("costs what is said in it, not what is repeated", () => {
    expect(effortOf(200)).toBeLessThan(1.2 * effortOf(50));
  });
});
