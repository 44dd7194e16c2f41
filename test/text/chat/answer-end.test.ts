/** What ends an answer in templates in the manner of known models. */

import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createChat } from "../../../src/text/index.ts";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";

const golden: {
  readonly templates: readonly { readonly name: string; readonly template: string }[];
} = JSON.parse(await readFile(new URL("../../golden/chat_fields.json", import.meta.url), "utf8"));

const SPECIAL = [
  "<s>",
  "</s>",
  "<|im_end|>",
  "<|eot_id|>",
  "<|eom_id|>",
  "<end_of_turn>",
  "<|end|>",
  "<turn>",
  "<end>",
];

/** Characters, and marks of which each is a token. */
function tokenizerOf(template: string) {
  const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  const vocab = Object.fromEntries(
    [...SPECIAL, ...characters, "\n"].map((token, id) => [token, id] as const),
  );
  const tokenizer = {
    version: "1.0",
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: "BPE", vocab, merges: [] },
  };
  const config = { bos_token: "<s>", eos_token: "</s>", chat_template: template };
  return createTokenizer(
    new Map([
      ["tokenizer.json", JSON.stringify(tokenizer)],
      ["tokenizer_config.json", JSON.stringify(config)],
    ]),
    { name: "marks", path: "tokenizer.json" },
  );
}

const endOf = (template: string) => createChat(tokenizerOf(template)).answerEnd();
const ids = (...tokens: readonly string[]) => tokens.map((token) => SPECIAL.indexOf(token));
const ask = "{% if add_generation_prompt %}<turn>assistant\n{% endif %}";

describe("the end of an answer", () => {
  it.each([
    ["Llama 3.1", ids("<|eot_id|>", "<|eom_id|>")],
    ["Qwen 2.5", ids("<|im_end|>")],
    ["Qwen 3", ids("<|im_end|>")],
    ["Mistral", ids("</s>")],
    ["Gemma", ids("<end_of_turn>")],
    ["Phi", ids("<|end|>")],
    ["fields", ids("<|im_end|>")],
  ])("is found in a template in the manner of %s", (name, stopTokens) => {
    const { template = "" } = golden.templates.find((each) => each.name === name) ?? {};
    expect(endOf(template)).toEqual({ stopTokens, stopStrings: [] });
  });

  it.each([
    [
      "a mark that is not the end of text",
      `{% for m in messages %}<turn>{{ m.role }}\n{{ m.content }}<end>\n{% endfor %}${ask}`,
      { stopTokens: ids("<end>"), stopStrings: [] },
    ],
    [
      "marks of generation",
      "{% for m in messages %}<turn>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<end>{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
      { stopTokens: ids("<end>"), stopStrings: [] },
    ],
    [
      "a text that is no token",
      `{% for m in messages %}<turn>{{ m.role }}\n{{ m.content }}\n### End\n{% endfor %}${ask}`,
      {
        stopTokens: [],
        stopStrings: ["\n### End"],
        problem: expect.stringContaining('to end with "\\n### End", which is no token of its own'),
      },
    ],
    [
      "nothing but the mark of the next role",
      "{% for m in messages %}{% if m.role == 'assistant' %}<end>{% else %}<turn>{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<end>{% endif %}",
      {
        stopTokens: [],
        stopStrings: [],
        problem: expect.stringContaining(
          "writes nothing of the answer's own after {{ m.content }}",
        ),
      },
    ],
    [
      "a line break",
      `{% for m in messages %}<turn>{{ m.role }}\n{{ m.content | trim }}\n{% endfor %}${ask}`,
      {
        stopTokens: [],
        stopStrings: [],
        problem: expect.stringContaining(
          'only "\\n" of the answer\'s own after {{ m.content | trim }}',
        ),
      },
    ],
    [
      "nothing that can be seen, as it refuses so small a conversation",
      "{{ raise_exception('too short') }}",
      { stopTokens: [], stopStrings: [] },
    ],
  ])("may be %s", (_, template, expected) => {
    expect(endOf(template)).toEqual(expected);
  });
});
