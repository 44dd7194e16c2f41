import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  readFirstJsonLine,
  readJsonLines,
  readLines,
  typeInWords,
} from "../../../src/data/formats/jsonl.ts";

async function write(content: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "flora-jsonl-")), "a.jsonl");
  await writeFile(path, content);
  return path;
}

describe("readLines", () => {
  it.each([
    ["a\nb\r\nc", ["a", "b", "c"]],
    ["a\n\n", ["a", ""]],
    ["a\u2028b\x85c\rd\n", ["a\u2028b\x85c\rd"]],
  ])("cuts %j", async (content, expected) => {
    expect(await readLines(await write(content))).toEqual(expected);
  });
});

describe("readJsonLines", () => {
  it("counts blank lines and leaves them out", async () => {
    expect(await readJsonLines(await write('\n{"a":1}\n \t\n{}'))).toEqual([
      { line: 2, object: { a: 1 } },
      { line: 4, object: {} },
    ]);
  });

  it.each([
    ["{}\n{", "line 2: not JSON; got {"],
    [`"${"x".repeat(50)}"`, `line 1: not a JSON object; got "${"x".repeat(39)}…`],
  ])("refuses %j", async (content, message) => {
    await expect(readJsonLines(await write(content))).rejects.toThrow(message);
  });
});

describe("readFirstJsonLine", () => {
  it.each([
    ['\n{"a":1}\nno JSON', { a: 1 }],
    [" \n\n", undefined],
  ])("of %j is %j", async (content, expected) => {
    expect(await readFirstJsonLine(await write(content))).toEqual(expected);
  });
});

it.each([
  [[], "an array"],
  [null, "null"],
  [{}, "object"],
  ["", "string"],
  [undefined, "undefined"],
])("the type of %j is %s", (value, expected) => {
  expect(typeInWords(value)).toBe(expected);
});
