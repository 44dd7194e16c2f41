/** Offsets of invalid bytes are those of Python's `bytes.decode("utf-8")` (its `exc.start`). */

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTextFile } from "../../../src/data/index.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";

async function file(bytes: readonly number[] | string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "flora-read-")), "a.txt");
  await writeFile(path, typeof bytes === "string" ? bytes : Uint8Array.from(bytes));
  return path;
}

describe("readTextFile", () => {
  it.each([
    ["plain text", "one\r\ntwo\n", "one\r\ntwo\n"],
    ["text after a byte order mark", "\uFEFFone", "one"],
    ["a second byte order mark", "\uFEFF\uFEFF", "\uFEFF"],
    ["characters of every length", "aä€👍\uFFFD", "aä€👍\uFFFD"],
  ])("reads %s", async (_, content, expected) => {
    expect(await readTextFile(await file(content))).toBe(expected);
  });

  it.each([
    ["a stray byte", [0x61, 0x62, 0xff, 0x63], 2],
    ["a first byte that is not UTF-8", [0xa4], 0],
    ["Latin-1", [0x47, 0x72, 0xf6, 0xdf, 0x65], 2],
    ["a character that is cut off by another", [0x61, 0xe2, 0x82, 0x61], 1],
    ["a character that is cut off by the end", [0xc3, 0xa4, 0xf0, 0x9f, 0x98], 2],
    ["a surrogate", [0x61, 0xed, 0xa0, 0x80], 1],
    ["an overlong form", [0x61, 0x61, 0xc0, 0x80], 2],
    ["UTF-16", [0xff, 0xfe, 0x61, 0x00], 0],
  ])("refuses %s", async (_, bytes, offset) => {
    const path = await file(bytes);
    const error = await readTextFile(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ path, offset });
    expect(error).toHaveProperty("message", expect.stringContaining(`at byte ${offset}`));
  });

  it("finds an invalid byte far into a file", async () => {
    const bytes = Array.from({ length: 100_000 }, (_, i) => (i === 77_777 ? 0x80 : 0x61));
    await expect(readTextFile(await file(bytes))).rejects.toMatchObject({ offset: 77_777 });
  });

  it.each([
    ["an empty file", ""],
    ["a byte order mark alone", "\uFEFF"],
  ])("refuses %s", async (_, content) => {
    const path = await file(content);
    await expect(readTextFile(path)).rejects.toThrow(new FormatError(path, "the file is empty"));
  });

  it("refuses a file that is not there", async () => {
    await expect(readTextFile("no/such.txt")).rejects.toThrow(
      new UsageError("data: cannot read no/such.txt; got no such file"),
    );
  });

  it("refuses a directory", async () => {
    await expect(readTextFile(tmpdir())).rejects.toThrow("got a directory");
  });
});
