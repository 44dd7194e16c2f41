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

const two = { messages: turns("a", "b") };
const CALL = { type: "function", function: { name: "f", arguments: { x: 1 } } };

describe("conversationReader", () => {
  it("reads one a line, with all that it has", async () => {
    const first = turns("a", "b").map((message) => ({ ...message, name: "x", thinking: "y" }));
    const second = turns("c", "d", "e", "f");
    const lines = [
      JSON.stringify({ tools: [{ name: "f" }], messages: first, date: 5 }),
      "",
      JSON.stringify({ messages: second, chat_template_kwargs: { enable_thinking: false } }),
    ];
    expect(await read(lines.join("\n"))).toEqual([
      { messages: first, variables: { tools: [{ name: "f" }], date: 5 }, silent: new Set() },
      { messages: second, variables: { enable_thinking: false }, silent: new Set() },
    ]);
  });

  it("reads another column", async () => {
    const chat = JSON.stringify({ chat: turns("a", "b") });
    expect(await read(chat, "chat")).toMatchObject([two]);
    const within = JSON.stringify({ data: { log: turns("a", "b") } });
    expect(await read(within, "data.log")).toMatchObject([two]);
  });

  it.each<readonly [string, object, readonly object[]]>([
    [
      "ShareGPT's names",
      {
        conversations: [
          { from: "system", value: "s" },
          { from: "human", value: "a" },
          { from: "function_call", value: '{"name": "f", "arguments": {"x": 1}}' },
          { from: "observation", value: "o" },
          { from: "gpt", value: "b" },
        ],
      },
      [
        { role: "system", content: "s" },
        { role: "user", content: "a" },
        { role: "assistant", content: "", tool_calls: [CALL] },
        { role: "tool", content: "o" },
        { role: "assistant", content: "b" },
      ],
    ],
    [
      "a system message in a column of its own",
      { system: "s", ...two },
      [{ role: "system", content: "s" }, ...two.messages],
    ],
    ...["conversations", "conversation", "chat", "dialog", "dialogue", "turns"].map(
      (column) => [`messages in ${column}`, { [column]: two.messages }, two.messages] as const,
    ),
    [
      "other words for who speaks, and what",
      {
        turns: [
          { speaker: "human", text: "a" },
          { role: "assistant", value: "b" },
          { from: "user", content: "c" },
          { role: "bot", text: "d" },
        ],
      },
      turns("a", "b", "c", "d"),
    ],
    [
      "a text that is called so beside the content",
      { messages: [{ role: "assistant", content: "a", text: "b" }] },
      [{ role: "assistant", content: "a", text: "b" }],
    ],
    [
      "a prompt of messages, and a completion of text",
      { prompt: turns("a", "b", "c"), completion: "d" },
      turns("a", "b", "c", "d"),
    ],
    [
      "a prompt of text, and a completion of messages",
      { prompt: "a", completion: turns("", "b").slice(1) },
      turns("a", "b"),
    ],
    [
      "a completion of messages without a prompt",
      { prompt: "", completion: turns("", "b").slice(1) },
      turns("", "b").slice(1),
    ],
    ["messages as JSON in a string", { messages: JSON.stringify(two.messages) }, two.messages],
    [
      "parts of text",
      {
        messages: [
          { role: "user", content: [{ type: "text", text: "a" }, "b"] },
          { role: "assistant", content: [{ text: "c" }] },
        ],
      },
      turns("ab", "c"),
    ],
    [
      "no content beside calls",
      { messages: [{ role: "assistant", content: null, tool_calls: [CALL] }] },
      [{ role: "assistant", content: null, tool_calls: [CALL] }],
    ],
    [
      "calls with arguments as JSON in a string, and calls that are such a string",
      {
        messages: [
          {
            role: "assistant",
            tool_calls: [{ type: "function", function: { name: "f", arguments: '{"x":1}' } }],
          },
          {
            role: "assistant",
            content: "",
            tool_calls: '[{"name":"f","arguments":"{\\"x\\":1}"}]',
          },
          { role: "assistant", content: "", tool_calls: [{ name: "f", arguments: "no JSON" }] },
        ],
      },
      [
        { role: "assistant", tool_calls: [CALL] },
        { role: "assistant", content: "", tool_calls: [{ name: "f", arguments: { x: 1 } }] },
        { role: "assistant", content: "", tool_calls: [{ name: "f", arguments: "no JSON" }] },
      ],
    ],
  ])("knows %s", async (_, row, messages) => {
    const [conversation] = await read(JSON.stringify(row));
    expect(conversation?.messages).toEqual(messages);
  });

  it.each([
    ["tools as JSON in a string", { tools: '[{"name":"f"}]' }, { tools: [{ name: "f" }] }],
    ["no tools in a string", { tools: " " }, { tools: null }],
    ["variables of the template", { chat_template_kwargs: '{"a":1}', b: 2 }, { a: 1, b: 2 }],
    ["what training decides", { add_generation_prompt: true, id: 7 }, { id: 7 }],
  ])("gives the template %s", async (_, row, variables) => {
    const [conversation] = await read(JSON.stringify({ ...two, ...row }));
    expect(conversation?.variables).toEqual(variables);
  });

  it.each([
    ["a weight of 0", { weight: 0 }],
    ["no training", { train: false }],
    ["no loss", { loss: false }],
    ["a mask", { masked: true }],
    ["a mask as a number", { mask: 1 }],
  ])("leaves out a turn with %s", async (_, field) => {
    const [, answer] = turns("a", "b");
    const counting = { weight: 1, train: true, masked: false, mask: null };
    const messages = [
      ...turns("a", "b"),
      ...turns("c"),
      { ...answer, ...field },
      ...turns("d"),
      { ...answer, ...counting },
    ];
    const [conversation] = await read(JSON.stringify({ messages }));
    expect(conversation?.silent).toEqual(new Set([3]));
  });

  it("learns the completion of a prompt alone", async () => {
    const [conversation] = await read(
      JSON.stringify({
        system: "s",
        prompt: turns("a", "b", "c"),
        completion: turns("", "d").slice(1),
      }),
    );
    expect(conversation?.messages.map(({ content }) => content)).toEqual(["s", "a", "b", "c", "d"]);
    expect(conversation?.silent).toEqual(new Set([0, 1, 2, 3]));
  });

  it.each([
    ["no column", '{"text":"a"}', 'line 1: no column "messages"; got text'],
    [
      "a row of another form among conversations",
      `${JSON.stringify(two)}\n{"prompt":"a","completion":"b"}`,
      'line 2: no column "messages"; got prompt, completion',
    ],
    ["a text", '\n{"messages":"a"}', 'line 2: "messages" must be a list of messages; got string'],
    ["a text among messages", '{"messages":["a"]}', "line 1: message 1 must have"],
    [
      "contents that are no text",
      '{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
      'message 1 may have parts of text alone; got one of type "image_url"',
    ],
    [
      "no content",
      '{"messages":[{"role":"user"}]}',
      'message 1 must have "content"; got undefined',
    ],
    [
      "no content without calls",
      '{"messages":[{"role":"assistant","content":null,"tool_calls":[]}]}',
      'message 1 must have "content"; got null',
    ],
    [
      "half a weight",
      '{"messages":[{"role":"assistant","content":"a","weight":0.5}]}',
      'message 1 may have "weight" true or false, 1 or 0; got 0.5',
    ],
    [
      "weights of parts",
      '{"messages":[{"role":"assistant","content":"a","train_detail":[]}]}',
      'message 1 counts as a whole or not at all; got "train_detail"',
    ],
    [
      "tools that are no JSON",
      JSON.stringify({ ...two, tools: "f()" }),
      '"tools" must be JSON; got a text',
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
      answered.map(({ messages }) => ({ messages })),
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
  const short = { messages: turns("a", "bc", "d", "ef") }; // <a>bc<d>ef, 10 tokens
  const long = { messages: turns("aaaaaaaaaaa", "b") }; // <aaaaaaaaaaa>b, 14 tokens

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
    expect(counts).toMatchObject({ dropped: 0, truncated: 0, empty: 0 });
  });

  it("are left out where nothing is learned of them", () => {
    const silent = { ...short, silent: new Set([1, 3]) };
    const empty = { messages: turns("a", "") };
    const {
      sequences,
      places,
      empty: count,
    } = conversationSequences(chat, [silent, short, empty, { ...short, silent: new Set([1]) }], {
      contextLength: 9,
    });
    expect(sequences.map(({ lossRanges }) => lossRanges)).toEqual([
      [
        [3, 5],
        [8, 10],
      ],
      [[8, 10]],
    ]);
    expect({ places, count }).toEqual({ places: [1, 3], count: 2 });
  });

  it("are several where the template rewrites earlier turns", () => {
    const last =
      "{% for m in messages %}{{ '>' if m.role == 'assistant' else '<' }}{{ '!' if loop.last and m.role == 'assistant' }}{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}";
    const rewriting = createChat({ ...tokenizer, files: new Map([["chat_template.jinja", last]]) });
    const { sequences, places } = conversationSequences(rewriting, [short], { contextLength: 12 });
    const learned = sequences.map(({ ids, lossRanges = [] }) =>
      [ids, ...lossRanges.map(([start, end]) => ids.subarray(start, end))].map(tokenizer.decode),
    );
    expect(learned).toEqual([
      ["<a>!bc", "!bc"],
      ["<a>bc<d>!ef", "!ef"],
    ]);
    expect(places).toEqual([0, 0]);
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
    expect(counts).toMatchObject({ dropped: 1, truncated: 0 });
  });

  it("lose their end, or all if no answer is left", () => {
    const options = { contextLength: 8, tooLong: "truncate" } as const;
    const { sequences, ...counts } = conversationSequences(chat, [short, long], options);
    expect(sequences.map(({ ids }) => tokenizer.decode(ids))).toEqual(["<a>bc<d>e"]);
    expect(sequences[0]?.lossRanges).toEqual([
      [3, 5],
      [8, 9],
    ]);
    expect(counts).toMatchObject({ dropped: 1, truncated: 1 });
  });

  it("may all be lost", () => {
    const options = { contextLength: 2, tooLong: "truncate" } as const;
    expect(conversationSequences(chat, [short], options)).toMatchObject({
      sequences: [],
      dropped: 1,
      truncated: 0,
      empty: 0,
    });
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
