/** A document has the line ends of Unix, wherever the parts of its file end. */

import { expect, it } from "vitest";
import { text } from "../../../src/data/formats/text.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const PART = 2 ** 20;

async function read(content: string) {
  const [path = ""] = await write({ "a.txt": content });
  const rows = await collect(text.open({ files: nodeFiles, path }).rows());
  expect(rows.map(({ continues }) => continues)).toEqual(rows.map((_, i) => i > 0));
  return rows.map(({ row }) => row["text"]).join("");
}

it.each([
  ["a\r\nb\r\n", "a\nb\n"],
  ["a\rb\r", "a\rb\r"],
  ["\r\n", "\n"],
  ["\r\r\n", "\r\n"],
  ["\r", "\r"],
])("%j is %j", async (content, expected) => {
  for (let shift = 0; shift <= content.length; shift += 1) {
    const before = "x".repeat(PART - shift);
    expect(await read(before + content)).toBe(before + expected);
  }
});
