/** Lines, wherever the parts end in which a file is read. */

import { describe, expect, it } from "vitest";
import { linesOf } from "../../../src/data/bytes/lines.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const PART = 2 ** 20;

async function read(content: string) {
  const [path = ""] = await write({ "a.txt": content });
  return (await collect(linesOf(nodeFiles, path))).map(({ text }) => text);
}

describe("linesOf", () => {
  it.each([
    ["a\nb\r\nc", ["a", "b", "c"]],
    ["a\n\n", ["a", ""]],
    ["\n", [""]],
    ["a\u2028b\x85c\rd\n", ["a\u2028b\x85c\rd"]],
    ["a\r", ["a"]],
  ])("cuts %j", async (content, expected) => {
    expect(await read(content)).toEqual(expected);
  });

  it.each(["\r\n", "\n", "€\r\n", "👍\n"])("finds %j where a part ends", async (end) => {
    const bytes = Buffer.byteLength(end);
    for (let shift = 0; shift <= bytes; shift += 1) {
      const first = "x".repeat(PART - shift);
      const text = end.trimEnd();
      expect(await read(`${first}${end}b${end}`)).toEqual([first + text, `b${text}`]);
    }
  });

  it("has a return without a line feed in a line, where a part ends too", async () => {
    for (const shift of [0, 1, 2]) {
      const line = `${"x".repeat(PART - shift)}\rb`;
      expect(await read(`${line}\r\n`)).toEqual([line]);
    }
  });

  it("has lines that are longer than a part", async () => {
    const long = "ä".repeat(1.3 * PART);
    expect(await read(`a\n${long}\nb`)).toEqual(["a", long, "b"]);
  });

  it("counts from 1", async () => {
    const [path = ""] = await write({ "a.txt": `${"\n".repeat(PART + 5)}end` });
    let last;
    for await (last of linesOf(nodeFiles, path));
    expect(last).toEqual({ text: "end", line: PART + 6 });
  });
});
