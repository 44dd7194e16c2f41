import { expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { encodePrompt } from "../../src/generate/index.ts";
import { pieces } from "./support.ts";

it("ends a prompt that an encoder reads, and begins a new text where a prompt is empty", () => {
  const encode = (text: string, task: "causal" | "seq2seq") => [
    ...encodePrompt(pieces, text, { task }),
  ];
  expect(encode("ab", "causal")).toEqual([...pieces.encode("ab")]);
  expect(encode("ab", "seq2seq")).toEqual([...pieces.encode("ab"), 60]);
  expect(encode("", "causal")).toEqual([60]);
  expect(encode("", "seq2seq")).toEqual([60]);
  const endless = { ...pieces, endOfText: undefined };
  expect(() => encodePrompt(endless, "", { task: "causal" })).toThrow(
    new UsageError("generate: the prompt is empty, and the tokenizer has nothing to begin with"),
  );
});
