/** What columns examples are read from, as the header of a run says it. */

import { describe, expect, it } from "vitest";
import { type DataColumns, type DataInput, examplesOf } from "../../src/data/index.ts";
import { collect, nodeFiles, write } from "../support/files.ts";

const open = (input: DataInput, columns: Partial<DataColumns> = {}) =>
  examplesOf({ files: nodeFiles, input, columns });

describe("the columns", () => {
  it.each<readonly [string, object, Partial<DataColumns>, readonly string[]]>([
    ["pairs", { question: "a", answer: "b", id: 1 }, {}, ["question -> answer"]],
    [
      "pairs",
      { system: "a", instruction: "b", input: "", output: "c" },
      {},
      ["system, instruction, input -> output"],
    ],
    ["pairs", { x: "a", y: "b" }, { sourceColumn: "x", targetColumn: "y" }, ["x -> y"]],
    ["conversations", { turns: [{ role: "assistant", content: "a" }] }, {}, ["turns"]],
    ["labelled", { text: "a", label: 1 }, {}, ["text -> label"]],
    [
      "labelled",
      { text: "a", more: "b", label: 1 },
      { pairColumn: "more" },
      ["text, more -> label"],
    ],
    ["texts", { body: "a" }, { textColumn: "body" }, ["body"]],
  ])("of %s are told: %j", async (kind, row, columns, expected) => {
    const examples = open(await write({ "a.jsonl": JSON.stringify(row) }), columns);
    expect(examples.columns()).toEqual([]);
    if (kind === "texts") await collect(examples.texts());
    if (kind === "pairs") await examples.pairs();
    if (kind === "conversations") await examples.conversations();
    if (kind === "labelled") await examples.labelled();
    expect(examples.columns()).toEqual(expected);
  });

  it("of files that differ are all told, and none of what has no others", async () => {
    const paths = await write({
      "a.jsonl": '{"question":"a","answer":"b"}',
      "b.jsonl": '{"prompt":"a","completion":"b"}',
      "c.jsonl": '{"question":"c","answer":"d"}',
    });
    const differing = open(paths);
    expect(await differing.pairs()).toHaveLength(3);
    expect(differing.columns()).toEqual(["question -> answer", "prompt -> completion"]);
    const parallel = open(await write({ "a.de": "a", "a.en": "b" }));
    await parallel.pairs();
    expect(parallel.columns()).toEqual([]);
  });

  it("are of one form in a file", async () => {
    const [path = ""] = await write({
      "a.jsonl": '{"prompt":"a","completion":"b"}\n{"messages":[]}\n',
    });
    await expect(open([path]).pairs()).rejects.toThrow(
      `data: no column "prompt" in ${path}, line 2; got messages`,
    );
  });
});
