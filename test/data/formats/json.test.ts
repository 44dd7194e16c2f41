import { describe, expect, it } from "vitest";
import { typeInWords } from "../../../src/data/examples/cells.ts";
import { json, jsonl } from "../../../src/data/formats/json.ts";
import type { Format } from "../../../src/data/index.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

async function read(content: string, format: Format = jsonl) {
  const [path = ""] = await write({ "a.jsonl": content });
  return collect(format.open({ files: nodeFiles, path }).rows());
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

describe("a list of rows", () => {
  it.each([
    ["[]", []],
    [" [ ] \n", []],
    ['[{"a":1}]', [1]],
    ['\n[{"a":1},\n\n {"b":[{}, "]"],"a":"}\\"]"}\n,{"a":3}\n]\n\n', [2, 4, 5]],
    ['[{"a":"\\\\"},{"b":"\\\\\\",["}]', [1, 1]],
  ])("in %j begin in lines %j", async (content, lines) => {
    const expected = JSON.parse(content).map((row: unknown, i: number) => ({
      row,
      line: lines[i],
    }));
    for (const format of [json, jsonl]) expect(await read(content, format)).toEqual(expected);
  });

  it.each([
    ["[1]", "line 1: not a JSON object; got 1"],
    ['[{"a":1},\n[]]', "line 2: not a JSON object; got []"],
    ['[{"a":1}\n{"b":2}]', "line 1: not JSON; got {"],
    ['[{"a":1},\n{"b":}]', 'line 2: not JSON; got {"b":}'],
    ['[{"a":1},\n{"b":2}', "line 2: the list has no end"],
    ['[{"a":1},{"b":"', "line 1: the list has no end"],
    ['[{"a":1}]\n{"b":2}', "line 2: something follows the list"],
    ['[{"a":1}][{"b":2}]', "line 1: something follows the list"],
  ])("%j is refused", async (content, message) => {
    for (const format of [json, jsonl]) {
      await expect(read(content, format)).rejects.toThrow(message);
    }
  });

  it("is read wherever the parts of a file end", async () => {
    const rows = [{ a: 'x\\"]' }, { b: ["€", {}] }, { c: "[" }];
    for (let shift = 0; shift < 50; shift += 1) {
      const before = { a: "x".repeat(2 ** 20 - shift) };
      const content = JSON.stringify([before, ...rows]);
      const found = await read(content, json);
      expect(found.map(({ row }) => row)).toEqual([before, ...rows]);
    }
  });
});

describe("rows of however many lines", () => {
  it.each<readonly [string, readonly object[]]>([
    ['{"data": [{"a": 1}, {"a": 2}]}', [{ a: 1 }, { a: 2 }]],
    ['{"rows": [{"messages": [{"role": "user"}]}]}', [{ messages: [{ role: "user" }] }]],
    [
      '{"text": ["x", "y"],\n "label": ["p", null]}',
      [
        { text: "x", label: "p" },
        { text: "y", label: null },
      ],
    ],
    ['{"text": ["x", "y"]}', [{ text: "x" }, { text: "y" }]],
    [
      '{"messages": [[{"role": "user"}], []]}',
      [{ messages: [{ role: "user" }] }, { messages: [] }],
    ],
  ])("are found in the one object of a .json file: %s", async (content, rows) => {
    expect(await read(content, json)).toEqual(rows.map((row) => ({ row, line: 1 })));
    const again = `${content} ${content}`;
    expect(await read(again, json)).toHaveLength(2);
    expect(await read(content.replaceAll("\n", ""), jsonl)).toHaveLength(1);
  });

  it.each([
    '{"messages": [{"role": "user"}, {"role": "assistant"}]}',
    '{"conversations": [{"from": "human"}]}',
    '{"messages": [{"role": "user"}], "tools": [{"name": "a"}]}',
    '{"text": "x", "labels": ["a", "b"]}',
    '{"text": "x"}',
    '{"messages": []}',
    "{}",
  ])("may be the one object itself: %s", async (content) => {
    expect(await read(content, json)).toEqual([{ row: JSON.parse(content), line: 1 }]);
  });

  it("are refused where columns differ in length", async () => {
    await expect(read('{"text": ["x", "y"], "label": ["p"]}', json)).rejects.toThrow(
      'columns must be equally long; got 2 of "text", 1 of "label"',
    );
  });

  it("follow each other in .json", async () => {
    expect(await read('{"a":\n1}\n{"b":"}"} {}\n', json)).toEqual([
      { line: 1, row: { a: 1 } },
      { line: 3, row: { b: "}" } },
      { line: 3, row: {} },
    ]);
  });

  it.each([
    ['{"a":1}\n{"b":', 'line 2: not JSON; got {"b":'],
    ['{"a":1},{"b":2}', 'line 1: not JSON; got ,{"b":2}'],
    ["zwei", "line 1: not JSON; got zwei"],
    ['"a"', 'line 1: not a JSON object; got "a"'],
  ])("%j is refused", async (content, message) => {
    await expect(read(content, json)).rejects.toThrow(message);
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
