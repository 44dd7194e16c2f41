/** Ids, and which of them are the assistant's, compared with transformers: golden/make_chat.py. */

import { describe, expect, it } from "vitest";
import { byteTokenizer, createChat, type Tokenizer } from "../../../src/text/index.ts";
import { templates, tokenizerOf, withoutGeneration } from "../../support/chat.ts";

/** Its earlier answers change as the conversation goes on. */
const ONLY_MARKED = "thinking";

describe.each(templates)("a chat in the manner of $name", (row) => {
  const accepted = row.cases.filter(({ error }) => error === undefined);
  const tokenizer = tokenizerOf(row, { chat_template: row.template });

  it("has the ids of prompts", () => {
    const chat = createChat(tokenizer);
    for (const { messages, ids, text } of accepted.filter(({ prompt }) => prompt)) {
      expect.soft([...chat.encodePrompt(messages)]).toEqual(ids);
      expect.soft(chat.render(messages, { addGenerationPrompt: true })).toBe(text);
    }
  });

  it.each([
    ["marks", row.template],
    ...(row.name === ONLY_MARKED ? [] : [["comparison", withoutGeneration(row.template)]]),
  ])("knows the answers by %s", (_, source = "") => {
    const plain = tokenizerOf(row, { chat_template: source });
    for (const expected of accepted.filter(({ prompt }) => !prompt)) {
      const { messages, variables = {} } = expected;
      const encodings = createChat(plain, { variables }).encode(messages);
      expect
        .soft(encodings.map(({ ids, assistant }) => ({ ids: [...ids], assistant })))
        .toEqual([{ ids: expected.ids, assistant: expected.assistant }]);
    }
  });
});

it("an answer has the tokens that reach into it or out of it", () => {
  const tokenizer: Tokenizer = {
    ...byteTokenizer(),
    // One token for every two letters.
    encode: (text) => Int32Array.from(text.match(/..?/g) ?? [], (pair) => parseInt(pair, 36)),
    files: new Map([["chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}"]]),
  };
  const { encode } = createChat(tokenizer);
  const said = (...contents: readonly string[]) =>
    contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
  expect(encode(said("aa", "bb", "cc", "dd"))[0]?.assistant).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(encode(said("aaa", "bb", "c", "dd"))[0]?.assistant).toEqual([
    [1, 3],
    [3, 4],
  ]);
});

it.each([
  ["{{ m.content }}", [], true],
  ["{{ m.content }}", [{ function: { name: "clock" } }], false],
  ["{{ m.content }}{{ m.tool_calls[0].function.name }}", [{ function: { name: "clock" } }], true],
])("%s of %j can be learned: %s", (turn, calls, isLearned) => {
  const template = `{% for m in messages %}${turn}{% endfor %}`;
  const files = new Map([["chat_template.jinja", template]]);
  const { encode } = createChat({ ...byteTokenizer(), files });
  const call = () => encode([{ role: "assistant", content: "a", tool_calls: calls }]);
  if (isLearned) expect(call).not.toThrow();
  else expect(call).toThrow("chat: the template leaves calls of tools out");
});
