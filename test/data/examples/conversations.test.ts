import { describe, expect, it } from "vitest";
import {
  conversationSequences,
  evaluationBatches,
  conversationReader,
  readExamples,
} from "../../../src/data/index.ts";
import { jsonl } from "../../../src/data/formats/json.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { byteTokenizer, createChat } from "../../../src/text/index.ts";
import { templates, tokenizerOf } from "../../support/chat.ts";
import { nodeFiles, write } from "../../support/files.ts";

async function read(content: string, column?: string) {
  const [path = ""] = await write({ "a.jsonl": content });
  return readExamples(jsonl.open({ files: nodeFiles, path }), conversationReader(column));
}

const turns = (...contents: readonly string[]) =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));

describe("conversationReader", () => {
  it("reads one a line, roles and contents alone", async () => {
    const [first, second] = [turns("a", "b"), turns("c", "d", "e", "f")];
    const lines = [
      JSON.stringify({ id: 1, messages: first.map((message) => ({ ...message, name: "x" })) }),
      "",
      JSON.stringify({ messages: second }),
    ];
    expect(await read(lines.join("\n"))).toEqual([first, second]);
  });

  it("reads another column", async () => {
    const chat = JSON.stringify({ chat: turns("a", "b") });
    expect(await read(chat, "chat")).toEqual([turns("a", "b")]);
  });

  it.each([
    ["no column", '{"text":"a"}', 'line 1: "messages" must be a list of messages; got undefined'],
    ["a text", '\n{"messages":"a"}', 'line 2: "messages" must be a list of messages; got string'],
    ["a text among messages", '{"messages":["a"]}', "line 1: message 1 must have"],
    [
      "contents in parts",
      '{"messages":[{"role":"user","content":[]}]}',
      'message 1 must have "role" and "content", both strings; got string and an array',
    ],
    ["no answer", JSON.stringify({ messages: turns("a") }), '"assistant"; got user'],
    ["no messages", '{"messages":[]}', 'role "assistant"; got no messages'],
    ["no conversations", "\n", "there are no conversations in it"],
  ])("refuses %s", async (_, content, message) => {
    const error = await read(content).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });
});

describe.each(templates)("conversations in the manner of $name", (row) => {
  const chat = createChat(tokenizerOf(row, { chat_template: row.template }));
  const answered = row.cases.filter(({ assistant, variables }) => assistant?.[0] && !variables);

  it("have the loss where transformers finds the assistant", () => {
    const { sequences } = conversationSequences(
      chat,
      answered.map(({ messages }) => messages),
      { contextLength: 1000 },
    );
    const [batch] = evaluationBatches(sequences, { batchSize: answered.length, pad: 0 });
    expect(answered.length).toBeGreaterThan(1);
    const length = (batch?.weights.length ?? 0) / answered.length;
    for (const [i, { ids = [], assistant = [] }] of answered.entries()) {
      // The weight at t is that of the token at t + 1.
      const expected = Array.from({ length }, (_, t) =>
        Number(assistant.some(([start, end]) => start <= t + 1 && t + 1 < end)),
      );
      const found = batch?.weights.subarray(i * length, (i + 1) * length) ?? [];
      expect.soft([...found]).toEqual(expected);
      expect.soft([...(sequences[i]?.ids ?? [])]).toEqual(ids);
    }
    const counted = answered.flatMap(({ assistant = [] }) => assistant.map(([a, b]) => b - a));
    expect(batch?.lossTokens).toBe(counted.reduce((sum, count) => sum + count, 0));
  });
});

describe("conversationSequences", () => {
  const source =
    "{% for m in messages %}{{ '>' if m.role == 'assistant' else '<' }}{{ m.content }}{% endfor %}" +
    "{% if add_generation_prompt %}>{% endif %}";
  const tokenizer = {
    ...byteTokenizer(),
    files: new Map([["chat_template.jinja", source]]),
  };
  const chat = createChat(tokenizer);
  const short = turns("a", "bc", "d", "ef"); // <a>bc<d>ef, 10 tokens
  const long = turns("aaaaaaaaaaa", "b"); // <aaaaaaaaaaa>b, 14 tokens

  it("count all answers, but nothing between them", () => {
    const { sequences, ...counts } = conversationSequences(chat, [short], { contextLength: 9 });
    expect(sequences.map(({ lossFrom, lossRanges }) => ({ lossFrom, lossRanges }))).toEqual([
      {
        lossFrom: 3,
        lossRanges: [
          [3, 5],
          [8, 10],
        ],
      },
    ]);
    expect(counts).toEqual({ dropped: 0, truncated: 0, empty: 0 });
  });

  it("say how many are too long and what to do", () => {
    expect(() => conversationSequences(chat, [short, long], { contextLength: 9 })).toThrow(
      expect.objectContaining({
        message: "conversations: 1 of 2 are longer than the context of 9 tokens; got up to 13",
        hint: 'set tooLong to "truncate" or "drop", or, if the model allows it, contextLength to 13',
      }),
    );
  });

  it("are dropped where they are too long", () => {
    const options = { contextLength: 9, tooLong: "drop" } as const;
    const { sequences, ...counts } = conversationSequences(chat, [short, long], options);
    expect(sequences).toHaveLength(1);
    expect(counts).toEqual({ dropped: 1, truncated: 0, empty: 0 });
  });

  it("lose their end, or all if no answer is left", () => {
    const options = { contextLength: 8, tooLong: "truncate" } as const;
    const { sequences, ...counts } = conversationSequences(chat, [short, long], options);
    expect(sequences.map(({ ids }) => tokenizer.decode(ids))).toEqual(["<a>bc<d>e"]);
    expect(sequences[0]?.lossRanges).toEqual([
      [3, 5],
      [8, 9],
    ]);
    expect(counts).toEqual({ dropped: 1, truncated: 1, empty: 0 });
  });

  it("may all be lost", () => {
    const options = { contextLength: 2, tooLong: "truncate" } as const;
    expect(conversationSequences(chat, [short], options)).toEqual({
      sequences: [],
      dropped: 1,
      truncated: 0,
      empty: 0,
    });
  });

  it("are left out where nothing is learned, however long they are", () => {
    const silent = [turns("a", ""), turns("a".repeat(20), "", "b", "")];
    const { sequences, ...counts } = conversationSequences(chat, [...silent, short], {
      contextLength: 9,
    });
    expect(sequences).toHaveLength(1);
    expect(counts).toEqual({ dropped: 0, truncated: 0, empty: 2 });
  });

  it("are named where the template refuses one", () => {
    const strict = createChat({
      ...tokenizer,
      files: new Map([["chat_template.jinja", "{{ raise_exception('no') }}"]]),
    });
    const convert = () => conversationSequences(strict, [short], { contextLength: 9 });
    expect(convert).toThrow(UsageError);
    expect(convert).toThrow(
      "conversation 1: chat: the template cannot render the messages; got no",
    );
  });
});
