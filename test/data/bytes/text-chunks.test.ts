/** Offsets of invalid bytes are those of Python's `bytes.decode("utf-8")` (its `exc.start`). */

import { truncate } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { readTextFile as readFrom, textChunks } from "../../../src/data/index.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";
import type { FileStore } from "../../../src/host/host.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

async function file(bytes: readonly number[] | string): Promise<string> {
  const content = typeof bytes === "string" ? bytes : Uint8Array.from(bytes);
  return (await write({ "a.txt": content }))[0] ?? "";
}

const readTextFile = (path: string) => readFrom(nodeFiles, path);

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
    ["UTF-16 from the other end", [0xfe, 0xff, 0x00, 0x61], 0],
    ["UTF-16 without a mark", [0x61, 0x00, 0x62, 0x00], 1],
    ["a binary file", [0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0x01, 0x00], 7],
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
    await expect(readTextFile(path)).rejects.toThrow(
      new FormatError(path, "the file is empty; give one that has something to read"),
    );
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

describe("a file of gzip", () => {
  const content = Array.from({ length: 400_000 }, (_, i) => `${i} größer\n`).join("");
  const packed = gzipSync(content);

  it.each([
    ["one", packed],
    ["several", Buffer.concat([gzipSync(content.slice(0, 10)), gzipSync(content.slice(10))])],
  ])("is read as what was packed, in %s", async (_, bytes) => {
    expect(await readTextFile(await file([...bytes]))).toBe(content);
  });

  it.each([
    ["cut off", packed.subarray(0, -100)],
    ["damaged", packed.map((byte, i) => (i === 1000 ? byte ^ 255 : byte))],
    ["nothing but its beginning", packed.subarray(0, 5)],
  ])("that is %s is refused", async (_, bytes) => {
    const path = await file([...bytes]);
    await expect(readTextFile(path)).rejects.toThrow(
      new FormatError(path, "damaged: gzip cannot unpack it"),
    );
  });

  it("says where it is not UTF-8, once unpacked", async () => {
    const path = await file([...gzipSync(Uint8Array.of(0x61, 0xff))]);
    await expect(readTextFile(path)).rejects.toMatchObject({ offset: 1 });
  });

  it("is left by those who stop early", async () => {
    const parts = textChunks(nodeFiles, await file([...packed]));
    await parts.next();
    await parts.return();
    expect(await parts.next()).toEqual({ done: true, value: undefined });
  });
});

describe("the parts of a text", () => {
  const PART = 2 ** 20;

  it.each(["ä", "€", "👍"])("end before %s or after it, never within", async (character) => {
    const bytes = Buffer.byteLength(character);
    for (let shift = 0; shift <= bytes; shift += 1) {
      const content = `${"x".repeat(PART - shift)}${character}end`;
      const parts = await collect(textChunks(nodeFiles, await file(content)));
      expect(parts.map((part) => part.length)).toHaveLength(2);
      expect(parts.join("")).toBe(content);
      const fits = shift === bytes;
      expect(parts[1]).toBe(fits ? "end" : `${character}end`);
    }
  });

  // 0x80 continues a character, 0xE2 0x82 begins one of three bytes, and 0xF5 is in none.
  it.each([
    [[0x80], 0],
    [[0xe2, 0x82, 0x61], 0],
    [[0x61, 0xe2, 0x82], 1],
    [[0xf5, 0x61], 0],
    [[0xe2, 0x82, 0xac, 0xff], 3],
  ])("have %j at its offset in the file", async (bytes, at) => {
    for (let shift = 0; shift <= bytes.length; shift += 1) {
      const before = Array.from({ length: PART - shift }, () => 0x61);
      const path = await file([...before, ...bytes]);
      await expect(readTextFile(path)).rejects.toMatchObject({ offset: PART - shift + at });
    }
  });

  it("have the byte order mark of the file alone", async () => {
    const content = `\uFEFF${"x".repeat(PART - 3)}\uFEFFend`;
    expect(await readTextFile(await file(content))).toBe(content.slice(1));
  });

  it("leave no file open, even where nobody reads to the end", async () => {
    const path = await file("x".repeat(3 * PART));
    let isOpen = 0;
    const files: FileStore = {
      ...nodeFiles,
      async open(name) {
        const opened = await nodeFiles.open(name);
        isOpen += 1;
        const close = () => {
          isOpen -= 1;
          return opened.close();
        };
        return { ...opened, close };
      },
    };
    const parts = textChunks(files, path);
    await parts.next();
    expect(isOpen).toBe(0);
    await expect(collect(textChunks(files, tmpdir()))).rejects.toThrow("a directory");
    expect(isOpen).toBe(0);
  });

  it("are missed where a file becomes shorter", async () => {
    const path = await file("x".repeat(2 * PART));
    const parts = textChunks(nodeFiles, path);
    await parts.next();
    await truncate(path, PART + 10);
    await expect(parts.next()).rejects.toThrow(
      new UsageError(`data: cannot read ${path}; got a file that shrank to ${PART + 10} bytes`),
    );
  });
});
