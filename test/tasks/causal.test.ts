/** Which examples files hold, and conversations in training: the loss is on the assistant's answers alone. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { randomKey } from "../../src/random/key.ts";
import type { Tokenizer } from "../../src/text/index.ts";
import { loadCausal } from "../../src/tasks/causal.ts";
import type { TrainData } from "../../src/tasks/task-data.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { nodeFiles } from "../support/files.ts";
import { bytes, bytesWithTemplate, causal } from "../support/task-models.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-causal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function jsonl(name: string, ...lines: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
  return path;
}

const TEMPLATE =
  "{% for m in messages %}{{ m.role[0] + ':' + m.content + ';' }}{% endfor %}" +
  "{% if add_generation_prompt %}a:{% endif %}";
const withTemplate = bytesWithTemplate(TEMPLATE);

const load = async (options: TrainOptions, tokenizer: Tokenizer = withTemplate) => {
  const config = parseConfig({ batchSize: 1, ...options });
  const dataset = openDataset({ config, files: nodeFiles });
  return loadCausal({
    config,
    dataset,
    tokenizer,
    model: causal,
    contextLength: config.contextLength ?? 64,
    key: randomKey(1),
  });
};

const conversation = (question: string, answer: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});

describe("conversations", () => {
  const train = jsonl("chat.jsonl", conversation("hi", "yes"), conversation("ho", "no"));

  it.each<[TrainOptions, readonly string[], readonly [prompt: string, target: string]]>([
    [{}, ["a;", "c;"], ["u:1;a:a;u:2;a:", "c;"]],
    [{ learn: "last" }, ["c;"], ["u:1;a:a;u:2;a:", "c;"]],
    [{ learn: "all" }, [":1;a:a;u:2;a:c;"], ["u:1;a:a;u:2;a:", "c;"]],
    [
      { learn: "all", contextLength: 10, tooLong: "truncate", validation: train },
      [":1;a:a;u:2"],
      ["u:hi;a:", "yes;"],
    ],
  ])("%j: what is learned of several turns, and asked", async (options, learned, asked) => {
    const chat = jsonl("turns.jsonl", {
      messages: [
        { role: "user", content: "1" },
        { role: "assistant", content: "a" },
        { role: "user", content: "2" },
        { role: "assistant", content: "c" },
      ],
    });
    const data = await load({ train: chat, validation: chat, ...options });
    const { targets, weights } = data.training.batchAt(0);
    const found = learned.join("");
    expect(bytes.decode([...targets].filter((_, i) => weights[i] === 1))).toBe(found);
    const [question] = data.questions ?? [];
    const texts = [question?.prompt, question?.target].map((ids) => bytes.decode(ids ?? []));
    expect(texts).toEqual(asked);
  });

  it("are learned of the roles that are named", async () => {
    const chat = jsonl("roles.jsonl", {
      messages: [
        { role: "user", content: "1" },
        { role: "assistant", content: "a" },
        { role: "tool", content: "t" },
        { role: "assistant", content: "c", weight: 0 },
        { role: "tool", content: "e" },
      ],
    });
    const learned = async (options: TrainOptions) => {
      const data = await load({ train: chat, validation: chat, ...options });
      const { targets, weights } = data.training.batchAt(0);
      return bytes.decode([...targets].filter((_, i) => weights[i] === 1));
    };
    expect(await learned({})).toBe("a;");
    expect(await learned({ learnRoles: ["assistant", "tool"] })).toBe("a;t:t;t:e;");
    expect(await learned({ learnRoles: ["tool"], learn: "last" })).toBe("t:e;");
    // The first token is never predicted.
    expect(await learned({ learnRoles: ["user"] })).toBe(":1;");
    await expect(load({ train: chat, validation: chat, learnRoles: ["nobody"] })).rejects.toThrow(
      "conversations: none of those",
    );
  });

  it("have no other roles than a template marks, nor than it writes apart", async () => {
    const written = (source: string): Tokenizer => ({
      ...bytes,
      files: new Map([...bytes.files, ["chat_template.jinja", source]]),
    });
    const marked = written(
      "{% for m in messages %}{{ m.role[0] }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %};{% endfor %}",
    );
    const options: TrainOptions = { train, validation: train, learnRoles: ["user"] };
    await expect(load(options, marked)).rejects.toThrow(
      "learnRoles: the template marks what is learned itself, the assistant's; got user",
    );
    const backwards = written("{% for m in messages | reverse %}{{ m.content }};{% endfor %}");
    const twice = jsonl("twice.jsonl", {
      messages: [
        { role: "assistant", content: "b" },
        { role: "user", content: "a" },
      ],
    });
    await expect(
      load({ train: twice, validation: twice, learnRoles: ["user"] }, backwards),
    ).rejects.toThrow("cannot be learned; got message 2 of user");
    const pairs = jsonl("noroles.jsonl", { source: "ab", target: "cd" });
    await expect(load({ train: pairs, learnRoles: ["user"] })).rejects.toThrow(
      "learnRoles: pairs have no roles; got user",
    );
  });

  it("learn the last of the answers that count, or all that is there", async () => {
    const marked = jsonl("marked.jsonl", {
      messages: [
        { role: "user", content: "1" },
        { role: "assistant", content: "a" },
        { role: "assistant", content: "c", weight: 0 },
      ],
    });
    const learned = async (options: TrainOptions) => {
      const data = await load({ train: marked, validation: marked, ...options });
      const { targets, weights } = data.training.batchAt(0);
      return bytes.decode([...targets].filter((_, i) => weights[i] === 1));
    };
    expect(await learned({ learn: "last" })).toBe("a;");
    expect(await learned({ learn: "all" })).toBe(":1;a:a;a:c;");
  });

  it("are learned whole with pairs, and texts have no last answer", async () => {
    const pairs = jsonl("learned.jsonl", { source: "ab", target: "cd" });
    const data = await load({ train: pairs, validation: pairs, learn: "all" });
    const { targets, weights } = data.training.batchAt(0);
    expect(bytes.decode([...targets].filter((_, i) => weights[i] === 1))).toBe("b\ncd");
    const [question] = data.questions ?? [];
    expect(bytes.decode(question?.prompt ?? [])).toBe("ab\n");
    const texts = jsonl("texts.jsonl", { text: "one two three ".repeat(40) });
    await expect(load({ train: texts, learn: "last" })).rejects.toThrow(
      "learn: texts have no answers; got last",
    );
  });

  it("count where the assistant answers", async () => {
    const data = await load({ train, validation: train });
    expect(data.description).toBe("2 conversations, 2 held out");
    expect(data.isChat).toBe(true);
    const texts = [0, 1].map((position) => {
      const { targets, weights } = data.training.batchAt(position);
      return bytes.decode([...targets].filter((_, i) => weights[i] === 1));
    });
    expect(texts.toSorted((a, b) => a.length - b.length)).toEqual(["no;", "yes;"]);
  });

  it("hold out some of themselves", async () => {
    expect((await load({ train })).description).toBe("1 conversations, 1 held out");
  });

  it("are left out where nothing is answered, and something else is held out", async () => {
    const silent: Tokenizer = {
      ...bytes,
      files: new Map([["chat_template.jinja", TEMPLATE.replace(" + ';'", "")]]),
    };
    const some = jsonl(
      "silent.jsonl",
      ...["yes", "", "no", "maybe", ""].map((answer) => conversation("hi", answer)),
    );
    const { description, training } = await load({ train: some }, silent);
    expect(description).toBe(
      "2 conversations, 1 with nothing to learn and left out, 1 held out" +
        ", 1 with nothing to learn and left out",
    );
    const counts = [0, 1].map((position) => training.batchAt(position).lossTokens);
    expect(new Set(counts)).toEqual(new Set([2, 3]));
    const none = jsonl("none.jsonl", conversation("hi", ""), conversation("ho", ""));
    await expect(load({ train: none }, silent)).rejects.toThrow(
      "conversations: none of those to learn from is of use; got 1 with nothing to learn",
    );
  });

  it("need a chat template", async () => {
    await expect(load({ train }, bytes)).rejects.toThrow(UsageError);
  });

  const turns = "{% for m in messages %}{{ m.role[0] + ':' }}";
  const asked = "{% if add_generation_prompt %}a:{% endif %}";
  it.each<readonly [string, string, Pick<TrainData, "stopTokens" | "notes">]>([
    [
      "ends answers with a token",
      `${turns}{{ m.content }}<|endoftext|>{% endfor %}${asked}`,
      { stopTokens: [256], notes: [] },
    ],
    [
      "ends them with a text",
      `${turns}{{ m.content }};{% endfor %}${asked}`,
      { stopTokens: [], notes: [expect.stringContaining('taught to end with ";"')] },
    ],
    [
      "does not end them",
      `${turns}{{ m.content }}{% endfor %}${asked}`,
      { stopTokens: [], notes: [expect.stringContaining("no token is learned that ends")] },
    ],
    [
      "rewrites them",
      `${turns}{{ '!' if loop.last and m.role == 'assistant' }}{{ m.content }}<|endoftext|>{% endfor %}${asked}`,
      { stopTokens: [256], notes: [expect.stringContaining("rewrites earlier turns")] },
    ],
  ])("say before it starts what a template does that %s", async (_, source, expected) => {
    const tokenizer = { ...bytes, files: new Map([["chat_template.jinja", source]]) };
    const two = {
      messages: [...conversation("q", "a").messages, ...conversation("r", "b").messages],
    };
    const path = jsonl("two.jsonl", two, two, two);
    const { stopTokens, notes, description } = await load({ train: path }, tokenizer);
    expect({ stopTokens, notes }).toEqual(expected);
    expect(description).toBe("2 conversations, 1 held out");
  });
});

describe("the kind of examples", () => {
  const pairs = jsonl(
    "pairs.jsonl",
    { prompt: "a", completion: "b" },
    { prompt: "c", completion: "d" },
  );
  const texts = jsonl("texts.jsonl", { text: "x".repeat(70) }, { text: "y".repeat(90) });

  it.each([
    [pairs, "1 pairs, 1 held out"],
    [texts, /tokens of text/],
  ])("is told by the columns of %s", async (train, description) => {
    const data = await load({ train, ...(train === texts && { validation: texts }) });
    expect(data.description).toEqual(
      typeof description === "string" ? description : expect.stringMatching(description),
    );
  });

  it("trains on answers to nothing, and not on nothing", async () => {
    const train = jsonl(
      "empty.jsonl",
      ...["a", "bc", "d"].map((completion) => ({ prompt: "", completion })),
      { prompt: "e", completion: "" },
      { prompt: "", completion: "f" },
    );
    const data = await load({ train });
    expect(data.description).toMatch(/^3 pairs, .*1 held out/);
    expect(data.description).toContain("1 with nothing to learn and left out");
    const [held] = data.pairs;
    const learned = [0, 1, 2].map((position) => {
      const { targets, weights } = data.training.batchAt(position);
      return bytes.decode([...targets].filter((_, i) => weights[i] === 1));
    });
    const end = bytes.decode([bytes.endOfText ?? 0]);
    expect(data.pairs).toHaveLength(1);
    expect([...learned, `${held?.target}${end}`].toSorted()).toEqual(
      ["a", "bc", "d", "f"].map((answer) => `${answer}${end}`),
    );
  });

  it("is what the options say, if they do", async () => {
    await expect(load({ train: texts, task: "pairs" })).rejects.toThrow('no column "source"');
  });
});
