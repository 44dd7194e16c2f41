/** Texts compared with those of transformers: golden/make_chat.py. */

import { describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { chatTemplate } from "../../../src/text/chat/chat-template.ts";
import type { ChatMessage } from "../../../src/text/chat/message.ts";
import { byteTokenizer, type Tokenizer } from "../../../src/text/index.ts";
import { templates, tokenizerOf, withoutGeneration } from "../../support/chat.ts";

const CANNOT = "chat: the template cannot render the messages";
const HELLO: readonly ChatMessage[] = [{ role: "user", content: "Hello!" }];

/** A tokenizer with the template, and further fields of its configuration. */
function chatty(template: unknown, config: Readonly<Record<string, unknown>> = {}): Tokenizer {
  const tokenizer = byteTokenizer();
  const content = JSON.stringify({ ...config, chat_template: template });
  return { ...tokenizer, files: new Map([["tokenizer_config.json", content]]) };
}

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe.each(templates)("the template of $name", (row) => {
  describe.each([
    ["with marks", row.template],
    ["without marks", withoutGeneration(row.template)],
  ])("%s", (_, source) => {
    const tokenizer = tokenizerOf(row, { chat_template: source });

    it("renders as in transformers", () => {
      for (const { messages, prompt, variables = {}, text, error } of row.cases) {
        const { render } = chatTemplate(tokenizer, { variables });
        const result = thrown(() => render(messages, { addGenerationPrompt: prompt }));
        if (error === undefined) {
          expect.soft(result).toBe(text);
        } else {
          expect.soft(result).toBeInstanceOf(UsageError);
          expect.soft(result).toHaveProperty("message", `${CANNOT}; got ${error}`);
        }
      }
    });
  });
});

describe("chatTemplate", () => {
  const list = [
    { name: "default", template: "D" },
    { name: "rag", template: "R" },
  ];

  it.each([
    ["the only template", "one", {}, "one"],
    ["the default", list, {}, "D"],
    ["the named one", list, { template: "rag" }, "R"],
  ])("takes %s", (_, template, options, expected) => {
    expect(chatTemplate(chatty(template), options).render(HELLO)).toBe(expected);
  });

  it("prefers a file of its own", () => {
    const { files } = chatty(list);
    const tokenizer = {
      ...byteTokenizer(),
      files: new Map([...files, ["chat_template.jinja", "file"]]),
    };
    expect(chatTemplate(tokenizer).render(HELLO)).toBe("file");
  });

  it.each<readonly [string, unknown, { template?: string }, string, string]>([
    ["a tokenizer without one", undefined, {}, "has no chat template; got bytes", "chatTemplate"],
    ["an empty list", [], {}, "has no chat template", "chatTemplate"],
    ["an unknown name", list, { template: "x" }, 'of this name; got "x"', "one of default, rag"],
    ["a list without a default", list.slice(1), {}, 'got "default"', "name one of rag"],
  ])("refuses %s", (_, template, options, message, hint) => {
    const error = thrown(() => chatTemplate(chatty(template), options));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
    expect(error).toHaveProperty("hint", expect.stringContaining(hint));
  });

  it("says where a template is that cannot be read", () => {
    const error = thrown(() => chatTemplate(chatty("{% if %}")));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining("tokenizer_config.json: not a"),
    );
  });

  it("says what cannot be run", () => {
    const { render } = chatTemplate(chatty("{{ messages | unheard_of }}"));
    const error = thrown(() => render(HELLO));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining(`${CANNOT}; got `));
    expect(error).toHaveProperty("message", expect.stringContaining("unheard_of"));
    expect(error).toHaveProperty("hint", expect.stringContaining("give another chatTemplate"));
  });

  it("gives the special tokens and the variables", () => {
    const source =
      "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ date }}{% if tools is none %}!{% endif %}";
    const config = { bos_token: "<s>", eos_token: { content: "</s>" }, pad_token: null };
    const { render } = chatTemplate(chatty(source, config), { variables: { date: 5 } });
    expect(render(HELLO)).toBe("<s></s>False5!");
  });

  it("needs messages", () => {
    expect(() => chatTemplate(chatty("")).render([])).toThrow("chat: there must be messages");
  });
});
