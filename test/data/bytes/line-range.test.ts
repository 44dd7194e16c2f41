/** Lines in ranges of bytes: whatever the ranges are, all of them together have each line once. */

import { expect, it } from "vitest";
import { linesInRange } from "../../../src/data/bytes/line-range.ts";
import { FormatError } from "../../../src/errors.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const read = async (path: string, begin: number, end: number) =>
  (await collect(linesInRange(nodeFiles, path, [begin, end]))).join("");

it.each([
  ["lines", "a\nbc\n\ndef\ng\n"],
  ["a last line without an end", "ab\n\n\ncde"],
  ["ends of two characters", "a\r\n\r\nbcd\r\nef"],
  ["characters of several bytes", "é\nüü\n€😀\n\uFEFFx\n"],
  ["one line", "abcdef"],
  ["nothing but ends", "\n\n\n\n"],
])("%s, in every two or three ranges", async (_, text) => {
  const [path = ""] = await write({ "a.txt": text });
  const size = Buffer.byteLength(text);
  for (let first = 0; first <= size; first += 1) {
    for (let second = first; second <= size; second += 1) {
      const parts = [
        await read(path, 0, first),
        await read(path, first, second),
        await read(path, second, size),
      ];
      expect(parts.join("")).toBe(text);
      // A part ends where a line does.
      for (const part of parts.filter((each) => each !== "")) {
        expect(part.endsWith("\n") || text.endsWith(part)).toBe(true);
      }
    }
  }
});

it("reads on behind the range to the end of a long line", async () => {
  const long = "x".repeat(3_000_000);
  const [path = ""] = await write({ "a.txt": `a\n${long}\nb\n` });
  expect(await read(path, 0, 3)).toBe(`a\n${long}\n`);
  expect(await read(path, 3, 3_000_000)).toBe("");
  expect(await read(path, 3, 3_000_004)).toBe("b\n");
});

it("refuses what is not UTF-8", async () => {
  const [path = ""] = await write({ "a.txt": Uint8Array.of(0x61, 0x0a, 0xc3, 0x0a, 0x62) });
  await expect(read(path, 0, 2)).resolves.toBe("a\n");
  await expect(read(path, 2, 4)).rejects.toThrow(FormatError);
});
