import { describe, expect, it } from "vitest";
import { typeInWords } from "../../../src/data/examples/cells.ts";
import { jsonl } from "../../../src/data/formats/jsonl.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

async function read(content: string) {
  const [path = ""] = await write({ "a.jsonl": content });
  return collect(jsonl.open({ files: nodeFiles, path }).rows());
}

describe("rows of JSON", () => {
  it("count blank lines and leave them out", async () => {
    expect(await read('\n{"a":1}\n \t\n{}')).toEqual([
      { line: 2, row: { a: 1 } },
      { line: 4, row: {} },
    ]);
  });

  it.each([
    ["{}\n{", "line 2: not JSON; got {"],
    [`"${"x".repeat(50)}"`, `line 1: not a JSON object; got "${"x".repeat(39)}…`],
  ])("refuse %j", async (content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });

  it("come before what is wrong further on", async () => {
    const [path = ""] = await write({ "a.jsonl": '\n{"a":1}\nno JSON' });
    const rows = jsonl.open({ files: nodeFiles, path }).rows()[Symbol.asyncIterator]();
    expect(await rows.next()).toEqual({ done: false, value: { line: 2, row: { a: 1 } } });
    await expect(rows.next()).rejects.toThrow("line 3: not JSON");
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
