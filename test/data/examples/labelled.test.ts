/** Texts with labels: TSV with and without a header line, JSON lines, and CoLA as it was published. */

import { describe, expect, it } from "vitest";
import { examplesOf, isHere, type LabelledColumns, labelsOf } from "../../../src/data/index.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { needsData } from "../../support/data.ts";
import { COLUMNS, nodeFiles, write as writeFiles } from "../../support/files.ts";

const COLA = "../shared/data/cola/in_domain_train.tsv";

const write = async (name: string, content: string) =>
  (await writeFiles({ [name]: content }))[0] ?? "";

const readLabelledTexts = async (input: string, { text, pair, label }: LabelledColumns) => {
  const named = { textColumn: text, pairColumn: pair, labelColumn: label };
  const columns = { ...COLUMNS, ...named };
  const texts = await examplesOf({ files: nodeFiles, input, columns }).labelled();
  return texts.filter((each) => isHere(each));
};

const named = { text: "text", label: "label" } as const;

describe("labelled texts", () => {
  const both = [
    { text: "good day", label: "1" },
    { text: "bad", label: "0" },
  ];
  it.each([
    ["a header line", "a.tsv", "label\tid\ttext\n1\t7\tgood day\n\n0\t8\tbad\n", named, both],
    ["numbered columns", "a.tsv", "1\tgood day\r\n0\tbad", { text: "2", label: "1" }, both],
    [
      "a name and a number",
      "a.tsv",
      "x\ttext\n1\tgood day\n0\tbad\n",
      { text: "text", label: "1" },
      both,
    ],
    [
      "a table of a spreadsheet, in which cells have quotes and lines are empty",
      "a.csv",
      'text;label;\r\n"good day";"1";\r\nbad;0;\r\n;;\r\n',
      named,
      both,
    ],
    ["labels in quotes", "a.tsv", 'text\tlabel\n"good day"\t"1"\nbad\t0\n', named, both],
    [
      "JSON with numbers",
      "a.jsonl",
      '{"text":"good day","label":1}\n{"label":0,"text":"bad"}\n',
      named,
      both,
    ],
    [
      "JSON with truth",
      "a.jsonl",
      '{"a":"x","b":true}',
      { text: "a", label: "b" },
      [{ text: "x", label: "true" }],
    ],
    [
      "pairs",
      "a.tsv",
      "a\tb\tsame\n",
      { text: "1", pair: "2", label: "3" },
      [{ text: "a", pair: "b", label: "same" }],
    ],
  ])("reads %s", async (_, name, content, columns, expected) => {
    expect(await readLabelledTexts(await write(name, content), columns)).toEqual(expected);
  });

  it.each([
    [
      "another format",
      "a.txt",
      "a",
      named,
      UsageError,
      "read from .tsv, .csv, .jsonl, .json or .parquet files",
    ],
    ["no such name", "a.tsv", "gj04\t1\n", named, UsageError, 'no column "text" in'],
    [
      "no such number",
      "a.tsv",
      "a\t1\n",
      { text: "4", label: "2" },
      UsageError,
      'no column "4" in',
    ],
    ["column 0", "a.tsv", "a\t1\n", { text: "0", label: "2" }, UsageError, 'no column "0" in'],
    [
      "a short row",
      "a.tsv",
      "text\tlabel\na\n",
      named,
      FormatError,
      "line 2: expected 2 columns; got 1",
    ],
    [
      "an empty label",
      "a.tsv",
      "text\tlabel\na\t \n",
      named,
      FormatError,
      'line 2: the column "label" is empty',
    ],
    [
      "a text that is a number",
      "a.jsonl",
      '{"text":1,"label":1}',
      named,
      FormatError,
      '"text" must be a string; got number',
    ],
    [
      "a label that is a list",
      "a.jsonl",
      '{"text":"a","label":[1]}',
      named,
      FormatError,
      '"label" must be a string or a number; got an array',
    ],
    ["a header line alone", "a.tsv", "text\tlabel\n", named, FormatError, "no texts in it"],
  ])("refuses %s", async (_, name, content, columns, kind, message) => {
    const error = await readLabelledTexts(await write(name, content), columns).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(kind);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });

  it("tells what columns there are, and that they have numbers", async () => {
    const path = await write(
      "a.tsv",
      "gj04\t1\t\tOur friends won't buy this analysis, let alone\n",
    );
    await expect(readLabelledTexts(path, named)).rejects.toMatchObject({
      message: `data: no column "text" in ${path}; got gj04, 1, , Our friends won't buy this analysis, let…`,
      hint: expect.stringContaining("its number"),
    });
  });

  // 8551 lines, of which 6023 are acceptable: counted with awk.
  it("reads CoLA by the numbers of its columns", needsData(COLA), async () => {
    const texts = await readLabelledTexts(COLA, { text: "4", label: "2" });
    expect(texts).toHaveLength(8551);
    expect(texts.filter(({ label }) => label === "1")).toHaveLength(6023);
    expect(labelsOf(texts.map(({ label }) => label))).toEqual(["0", "1"]);
    expect(texts[1]).toEqual({
      text: "One more pseudo generalization and I'm giving up.",
      label: "1",
    });
  });
});

describe("labelsOf", () => {
  it.each([
    [
      ["b", "a", "b", "B"],
      ["B", "a", "b"],
    ],
    [
      ["10", "9", "-1", "9"],
      ["-1", "9", "10"],
    ],
    [
      ["10", "9", "x"],
      ["10", "9", "x"],
    ],
  ])("of %j are %j", (labels, expected) => {
    expect(labelsOf(labels)).toEqual(expected);
  });

  it("are at least two", () => {
    expect(() => labelsOf(["a", "a"])).toThrow("labels: at least two are needed; got a");
  });

  it("are fewer than the texts", () => {
    const own = Array.from({ length: 30 }, (_, i) => `sentence ${i}`);
    expect(() => labelsOf(own)).toThrow("got 30 of 30 texts");
    expect(labelsOf([...own, ...own])).toHaveLength(30);
  });
});
