/** The zip files of the studio, read as APPNOTE 6.3 says: from their end, by their directory. */

import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { zip } from "../../page/studio/zip.js";

/** What the directory of an archive lists, and what lies where it says. */
function read(bytes: Buffer): readonly (readonly [name: string, content: string])[] {
  const end = bytes.length - 22;
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  expect(at + bytes.readUInt32LE(end + 12)).toBe(end);
  return Array.from({ length: count }, () => {
    expect(bytes.readUInt32LE(at)).toBe(0x02014b50);
    const [sum, size, nameLength] = [16, 24, 28].map((place) => bytes.readUInt32LE(at + place));
    const length = (nameLength ?? 0) & 0xffff;
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + length);
    expect(bytes.readUInt32LE(local)).toBe(0x04034b50);
    expect(bytes.toString("utf8", local + 30, local + 30 + length)).toBe(name);
    const begin = local + 30 + length;
    const content = bytes.subarray(begin, begin + (size ?? 0));
    expect(crc32(content)).toBe(sum);
    at += 46 + length;
    return [name, content.toString("utf8")] as const;
  });
}

describe("a zip file", () => {
  it.each([
    [[]],
    [[["a.txt", "one"]]],
    [
      [
        ["mine/config.json", "{}"],
        ["mine/leer", ""],
        ["mine/größe.bin", "x".repeat(70_000)],
      ],
    ],
  ] as const)("holds what was put in: %#", async (files) => {
    const entries = files.map(([name, content]) => ({ name, content: new Blob([content]) }));
    const archive = await zip(entries, crc32);
    expect(read(Buffer.from(await archive.arrayBuffer()))).toEqual(files);
  });

  it("refuses what its numbers have no room for", async () => {
    const content = new Blob();
    Object.defineProperty(content, "size", { value: 2 ** 32 });
    await expect(zip([{ name: "a", content }], () => 0)).rejects.toThrow("room for 4 GB");
  });
});
