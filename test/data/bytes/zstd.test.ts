/** What files of zstd hold is what python-zstandard packed: test/golden/make_data_files.py. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { byteChunks } from "../../../src/data/bytes/byte-chunks.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const FOLDER = "test/golden/data_files";
const { zstd: EXPECTED } = z
  .object({ zstd: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })) })
  .parse(JSON.parse(readFileSync(`${FOLDER}.json`, "utf8")));

describe("a file of zstd", () => {
  it.each(Object.entries(EXPECTED))("holds what was packed: %s", async (name, expected) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const part of byteChunks(nodeFiles, `${FOLDER}/${name}`)) {
      expect(part.length).toBeGreaterThan(0);
      hash.update(part);
      bytes += part.length;
    }
    expect({ bytes, sha256: hash.digest("hex") }).toEqual(expected);
  });

  it("is known by what it begins with, whatever its name is", async () => {
    const content = readFileSync(`${FOLDER}/pairs.jsonl.zst`);
    const [path = ""] = await write({ "a.jsonl": content });
    const parts = await collect(byteChunks(nodeFiles, path));
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(
      EXPECTED["pairs.jsonl.zst"]?.bytes,
    );
  });

  const whole = readFileSync(`${FOLDER}/pairs.jsonl.zst`);

  it.each([
    ["was cut off", whole.subarray(0, 500)],
    ["has other bytes in it", Buffer.from(whole).fill(0x55, 100, 300)],
    ["goes on with something else", Buffer.concat([whole, Buffer.from("and so on and on and on")])],
  ])("is refused if it %s", async (_, content) => {
    const [path = ""] = await write({ "a.zst": content });
    await expect(collect(byteChunks(nodeFiles, path))).rejects.toThrow(
      `${path}: damaged: zstd cannot unpack it`,
    );
  });
});
