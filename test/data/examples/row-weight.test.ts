/** The column "weight" of rows, whatever they are examples of. */

import { describe, expect, it } from "vitest";
import { examplesOf, isHere } from "../../../src/data/index.ts";
import { FormatError } from "../../../src/errors.ts";
import { memoryHost } from "../../../src/host/index.ts";
import { writeFile } from "../../../src/host/content.ts";

async function examplesIn(name: string, content: string) {
  const { files } = memoryHost();
  await writeFile(files, name, content);
  return examplesOf({ input: [name], name: "train", files, columns: {} });
}

const row = (weight: unknown) => `${JSON.stringify({ source: "a", target: "b", weight })}\n`;
const messages = [
  { role: "user", content: "a" },
  { role: "assistant", content: "b" },
];

describe("the weight of a row", () => {
  it.each([
    ["2.5", "pairs.jsonl", row(2.5), 2.5],
    ["0", "pairs.jsonl", row(0), 0],
    ["1, which is that of all", "pairs.jsonl", row(1), undefined],
    ["null", "pairs.jsonl", row(null), undefined],
    ["absent", "pairs.jsonl", row(undefined), undefined],
    ["a text", "pairs.jsonl", row("0.5"), 0.5],
    ["in a table", "pairs.csv", "source,target,weight\na,b,3\n", 3],
    ["an empty cell of a table", "pairs.csv", "source,target,weight\na,b,\n", undefined],
  ])("is read: %s", async (_name, file, content, expected) => {
    const [pair] = await (await examplesIn(file, content)).pairs();
    expect(pair).toEqual({
      source: "a",
      target: "b",
      ...(expected !== undefined && { weight: expected }),
    });
  });

  it.each([
    [row(-1), 'line 1: "weight" must be a number at least 0; got -1 '],
    [row("heavy"), 'line 1: "weight" must be a number at least 0; got heavy '],
    [row(true), 'line 1: "weight" must be a number at least 0; got boolean '],
    [row(1) + row([1]), 'line 2: "weight" must be a number at least 0; got an array '],
  ])("is refused where it is none: %j", async (content, message) => {
    const examples = await examplesIn("pairs.jsonl", content);
    const error: unknown = await examples.pairs().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(message);
    expect(String(error)).toContain("(rename the column if it means something else)");
  });

  it("belongs to conversations and to texts with labels too, and not to the template", async () => {
    const chats = await examplesIn("c.jsonl", JSON.stringify({ messages, weight: 2, tone: "x" }));
    expect(await chats.conversations()).toMatchObject([{ weight: 2, variables: { tone: "x" } }]);
    expect(
      Object.keys((await chats.conversations()).filter((each) => isHere(each))[0]?.variables ?? {}),
    ).toEqual(["tone"]);
    const labelled = await examplesIn("l.jsonl", '{"text": "a", "label": "x", "weight": 2}\n');
    expect(await labelled.labelled()).toEqual([{ text: "a", label: "x", weight: 2 }]);
  });

  it("is no weight where the column is asked for by name", async () => {
    const { files } = memoryHost();
    await writeFile(files, "p.jsonl", '{"weight": "heavy", "target": "b"}\n');
    const columns = { sourceColumn: "weight" };
    const pairs = await examplesOf({ input: ["p.jsonl"], name: "train", files, columns }).pairs();
    expect(pairs).toEqual([{ source: "heavy", target: "b" }]);
  });

  it("is refused for texts, which are one stream", async () => {
    const of = async (weight: number) => {
      const examples = await examplesIn("t.jsonl", `${JSON.stringify({ text: "a", weight })}\n`);
      const texts: string[] = [];
      for await (const { text } of examples.texts()) texts.push(text);
      return texts;
    };
    await expect(of(2)).rejects.toThrow(
      't.jsonl: line 1: texts are learned as one stream and have no "weight"; got 2 (write the text as "completion" of an empty "prompt")',
    );
    await expect(of(1)).resolves.toEqual(["a"]);
  });
});
