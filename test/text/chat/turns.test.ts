/** What the assistant says, compared with renderings by transformers: golden/make_chat_fields.py. */

import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { chatTemplate, type TurnOptions } from "../../../src/text/chat/chat-template.ts";
import type { ChatMessage } from "../../../src/text/chat/message.ts";
import { byteTokenizer, type Tokenizer } from "../../../src/text/index.ts";

interface Expected {
  readonly text: string;
  /** Where the prompt for each answer ends, and the text that ends with it. */
  readonly answers: readonly (readonly [promptLength: number, turn: string])[];
  readonly error?: string;
}

const golden: {
  readonly rows: Readonly<Record<string, { readonly messages: readonly ChatMessage[] }>>;
  readonly templates: readonly {
    readonly name: string;
    readonly template: string;
    readonly cases: Readonly<Record<string, Expected>>;
  }[];
} = JSON.parse(await readFile(new URL("../../golden/chat_fields.json", import.meta.url), "utf8"));

function chatty(template: string): Tokenizer {
  const config = { bos_token: "<s>", eos_token: "</s>", chat_template: template };
  const files = new Map([["tokenizer_config.json", JSON.stringify(config)]]);
  return { ...byteTokenizer(), files };
}

const turnsOf = (template: string, messages: readonly ChatMessage[], options?: TurnOptions) =>
  chatTemplate(chatty(template)).renderTurns(messages, options);

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe.each(golden.templates)("a template in the manner of $name", ({ template, cases }) => {
  it.each(Object.entries(cases))("with %s", (name, { text, answers, error }) => {
    const { messages = [], ...variables } = golden.rows[name] ?? {};
    if (error !== undefined) {
      expect(() => turnsOf(template, messages, { variables })).toThrow(error);
      return;
    }
    const turns = turnsOf(template, messages, { variables });
    const found = turns.flatMap((each) =>
      each.assistant.map(([start, end]) => [start, each.text.slice(0, end)] as const),
    );
    expect(found).toEqual(answers);
    expect(chatTemplate(chatty(template)).render(messages, { variables })).toBe(text);
    // Answers whose text goes on in the next one's share it.
    const rewritten = answers.filter(([, turn], i) => !answers[i + 1]?.[1].startsWith(turn));
    expect(turns).toHaveLength(rewritten.length);
  });
});

describe("turns", () => {
  const question: ChatMessage = { role: "user", content: "Hello!" };
  const answer: ChatMessage = { role: "assistant", content: "Hi." };
  const plain =
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}" +
    "{% if add_generation_prompt %}assistant: {% endif %}";

  const said = (template: string, messages: readonly ChatMessage[], options?: TurnOptions) =>
    turnsOf(template, messages, options).map(({ text, assistant }) =>
      assistant.map(([start, end]) => text.slice(start, end)),
    );

  it("are found where only others speak: none", () => {
    expect(turnsOf(plain, [question])).toEqual([{ text: "user: Hello!\n", assistant: [] }]);
  });

  it("are what is added to a prompt", () => {
    expect(said(plain, [question, answer, question, answer])).toEqual([["Hi.\n", "Hi.\n"]]);
  });

  it.each([
    [
      "marks",
      plain.replace("{{ m.content }}\n", "{% generation %}{{ m.content }}\n{% endgeneration %}"),
    ],
    ["comparison", plain],
  ])("are left out by %s", (_, template) => {
    const marked = template.replace(
      "{% generation %}",
      "{% if m.role == 'assistant' %}{% generation %}",
    );
    const branch = marked.replace(
      "{% endgeneration %}",
      "{% endgeneration %}{% else %}{{ m.content }}\n{% endif %}",
    );
    const messages = [question, answer, question, { ...answer, content: "Ho." }];
    expect(said(branch, messages, { silent: new Set([1]) })).toEqual([["Ho.\n"]]);
    expect(said(branch, messages, { silent: new Set([1, 3]) })).toEqual([[]]);
  });

  it.each([
    ["nothing before the messages", plain, "Hi.\n"],
    [
      "a first message that it looks at",
      `{% if messages[0].role == 'system' %}!{% endif %}${plain}`,
      "Hi.\n",
    ],
    ["a beginning of its own", `{{ messages[0].role[0] }}${plain}`, "Hi.\n"],
  ])("may begin with the assistant, after %s", (_, template, first) => {
    expect(said(template, [answer, question, answer])).toEqual([[first, "Hi.\n"]]);
  });

  it.each<readonly [string, string, readonly ChatMessage[], string, string]>([
    [
      "writes the prompt otherwise",
      `${plain}{% if add_generation_prompt %}<think>\n{% endif %}`,
      [question, answer],
      'got a prompt with "<think>\\n" where message 2 has "Hi.\\n"',
      "{% generation %}",
    ],
    [
      "leaves out what was thought",
      plain.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] }}"),
      [question, { role: "assistant", content: "<think>Hm.</think>Hi." }],
      "leaves out what stands before </think>, so that it would not be learned; got message 2",
      "chatTemplate",
    ],
    [
      "has no prompt for a first answer",
      "{% for m in messages %}{% if loop.first and m.role != 'user' %}{{ m.role }}{% else %}{{ m.content }}{% endif %}{% endfor %}{{ '>' if add_generation_prompt and messages[0].role }}{% if add_generation_prompt %}{{ messages[0].content + '' }}{% endif %}",
      [answer],
      "no prompt for a first message that is an answer",
      "begin with a message of the user",
    ],
  ])("are refused where the template %s", (_, template, messages, message, hint) => {
    const error = thrown(() => turnsOf(template, messages));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
    expect(error).toHaveProperty("hint", expect.stringContaining(hint));
  });

  it("cost what they are long", () => {
    const chat = (answers: number) =>
      Array.from({ length: answers }, () => [question, answer]).flat();
    const timeOf = (messages: readonly ChatMessage[]) => {
      const start = performance.now();
      turnsOf(plain, messages);
      return performance.now() - start;
    };
    timeOf(chat(400));
    expect(timeOf(chat(400))).toBeLessThan(1000);
    expect(timeOf(chat(3200)) / timeOf(chat(400))).toBeLessThan(32);
  });
});
