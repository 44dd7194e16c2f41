/** What stands around texts, compared with Hugging Face's tokenizers: golden/make_tokenizers.py. */

import { describe, expect, it } from "vitest";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";
import { templateOf } from "../../../src/text/tokenizers/template.ts";
import { forms, processors } from "../../support/tokenizers.ts";

const [form] = forms;

describe.each(processors)("the template of $name", ({ processor, single, pair }) => {
  const tokenizer = { ...form?.tokenizer, post_processor: processor };
  const { encodeWithSpecialTokens, encodePrompt, encode } = createTokenizer(
    new Map([["tokenizer.json", JSON.stringify(tokenizer)]]),
    { name: "", path: "tokenizer.json" },
  );

  const filled = (...texts: [string, string?]) => {
    const { ids, tokenTypes } = encodeWithSpecialTokens(...texts);
    return { ids: [...ids], types: [...tokenTypes] };
  };

  it("is put around one text", () => {
    expect(filled("the other")).toEqual(single);
  });

  it("is put around two texts", () => {
    expect(filled("the other", "text")).toEqual(pair);
  });

  it("begins a prompt", () => {
    const text = encode("the other").join();
    const before = single.ids.join().split(text)[0];
    expect(encodePrompt("the other").join()).toBe(before + text);
  });
});

describe("templateOf", () => {
  const bert = { type: "BertProcessing", cls: ["a", 1], sep: ["b", 2] };

  it.each([
    ["an unknown kind", { type: "Reverse" }, "got Reverse"],
    [
      "two that add tokens",
      { type: "Sequence", processors: [bert, bert] },
      "got BertProcessing, BertProcessing",
    ],
    [
      "a template with tokens that it does not explain",
      {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "x" } }],
        pair: [],
        special_tokens: {},
      },
      "got TemplateProcessing",
    ],
    ["a template without pieces", { type: "TemplateProcessing" }, "got TemplateProcessing"],
  ])("refuses %s", (_, processor, message) => {
    expect(() => templateOf("x/tokenizer.json", { post_processor: processor })).toThrow(
      `x/tokenizer.json: no post-processor that can be run; ${message}`,
    );
  });
});
