/** Records of tables against Python's csv module, which reads strictly (make_tables.py), and wherever the parts of a file end. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isBlank } from "../../../src/data/bytes/lines.ts";
import { textChunks } from "../../../src/data/bytes/text-chunks.ts";
import { type RecordSyntax, recordsOf } from "../../../src/data/formats/records.ts";
import { FormatError } from "../../../src/errors.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

interface Case {
  readonly separator: string;
  readonly text: string;
  /** Null where it is no table. */
  readonly rows: readonly (readonly string[])[] | null;
}

const CASES: readonly Case[] = JSON.parse(readFileSync("test/golden/tables.json", "utf8"));

async function read(text: string, syntax: RecordSyntax) {
  const [path = ""] = await write({ "a.csv": text });
  return collect(recordsOf(path, textChunks(nodeFiles, path), syntax));
}

/** A blank line has one cell here, and none in Python. */
const withoutBlank = (rows: readonly (readonly string[])[]) =>
  rows.filter((cells) => cells.length > 1 || !isBlank(cells[0] ?? ""));

describe("records", () => {
  const readCase = async ({ text, separator }: Case, allowsLoneQuotes: boolean) => {
    const records = await read(text, { separators: [separator], allowsLoneQuotes });
    return withoutBlank(records.map(({ cells }) => cells));
  };
  const tables = CASES.filter(({ text }) => text !== "");

  it("are those of Python's csv module, or an error where that has one", async () => {
    expect(tables.length).toBeGreaterThan(400);
    expect(tables.filter(({ rows }) => rows === null).length).toBeGreaterThan(100);
    for (const each of tables) {
      const found = await readCase(each, false).catch((error: unknown) => error);
      if (each.rows === null) expect.soft(found, each.text).toBeInstanceOf(FormatError);
      else expect.soft(found, each.text).toEqual(withoutBlank(each.rows));
    }
  });

  it("are the same where quotes may stand alone", async () => {
    for (const each of tables) {
      const found = await readCase(each, true);
      if (each.rows !== null) expect.soft(found, each.text).toEqual(withoutBlank(each.rows));
    }
  });

  it.each([
    ['"a" b\tc\n"d', [['"a" b', "c"], ['"d']]],
    [
      '"a\tb\nc\t"d\n"e"\tf\n',
      [
        ['"a', "b"],
        ["c", '"d'],
        ["e", "f"],
      ],
    ],
    ['"a\tb\n\n"c"\td\n', [['"a', "b"], [""], ["c", "d"]]],
  ])("of %j have what is not quoted as a whole as it stands", async (text, expected) => {
    const records = await read(text, { separators: ["\t"], allowsLoneQuotes: true });
    expect(records.map(({ cells }) => cells)).toEqual(expected);
  });

  it("begin in a line", async () => {
    const records = await read('a,b\n\n"c\n\nd",e\r\nf,g\n', { separators: [","] });
    expect(records.map(({ line }) => line)).toEqual([1, 2, 3, 6]);
  });

  it.each([
    ["a;b,c\n1,2", ["a;b", "c"]],
    ["a;b\n1,2;3", ["a", "b"]],
    ["a\tb\n", ["a", "b"]],
    ["a\n1,2", ["a"]],
  ])("of %j have the first separator that its first line has", async (text, expected) => {
    const [first] = await read(text, { separators: [",", ";", "\t"] });
    expect(first?.cells).toEqual(expected);
  });

  it("are whole wherever the parts of a file end", async () => {
    for (let shift = 0; shift < 12; shift += 1) {
      const before = "x".repeat(2 ** 20 - shift);
      const records = await read(`${before},a\r\n"b""\r\n",c\r\n`, { separators: [","] });
      expect(records.map(({ cells }) => cells)).toEqual([
        [before, "a"],
        ['b"\r\n', "c"],
      ]);
    }
  });
});
