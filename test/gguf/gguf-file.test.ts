/** @file GGUF files against gguf-py: test/golden/make_gguf_blocks.py. */

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toQ8_0 } from "../../src/gguf/blocks.ts";
import { openGguf } from "../../src/gguf/gguf-file.ts";
import { nodeHost } from "../../src/host/node.ts";
import { failure, temporaryDirectory } from "../weights/support.ts";

interface Golden {
  readonly dequantized: Readonly<Record<string, string>>;
  readonly values: string;
  readonly q8_0: string;
}

const folder = new URL("../golden/gguf/", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(new URL("blocks.json", folder), "utf8"));
const path = fileURLToPath(new URL("blocks.gguf", folder));
const { files } = nodeHost();

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
const wordsOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array) => [
  ...new Uint32Array(buffer, byteOffset, byteLength / 4),
];

describe("a GGUF file", () => {
  it.each(Object.keys(golden.dequantized))("has the numbers of %s, bit for bit", async (name) => {
    const file = await openGguf(files, path);
    expect(file.tensors.get(name)).toMatchObject({ shape: [2, 256], type: { name } });
    const numbers = await file.read(name);
    await file.close();
    expect(wordsOf(numbers)).toEqual(wordsOf(bytesOf(golden.dequantized[name] ?? "")));
  });

  it("has metadata of every type", async () => {
    const file = await openGguf(files, path);
    await file.close();
    expect(Object.fromEntries(file.metadata)).toMatchObject({
      "general.architecture": "none",
      "a.uint8": 200,
      "a.int8": -100,
      "a.uint16": 60000,
      "a.int16": -30000,
      "a.uint32": 4_000_000_000,
      "a.int32": -2_000_000_000,
      "a.uint64": 2 ** 40,
      "a.int64": -(2 ** 40),
      "a.float32": Math.fround(1e-5),
      "a.float64": 0.1,
      "a.bool": true,
      "a.string": "größer \u{1f600}",
      "an.array": ["a", "", "ab"],
      "another.array": [1, -2, 3],
    });
  });

  it("is written in blocks of Q8_0 as gguf-py writes them", () => {
    const values = new Float32Array(bytesOf(golden.values).buffer);
    expect([...toQ8_0(values)]).toEqual([...bytesOf(golden.q8_0)]);
  });
});

describe("a file that is no GGUF, or a broken one", () => {
  const whole = readFileSync(path);
  const changed = (at: number, ...bytes: readonly number[]) => {
    const copy = Uint8Array.from(whole);
    copy.set(bytes, at);
    return copy;
  };
  const typeOfFirst = whole.indexOf("F32") + 3 + 4 + 16;
  it.each([
    [changed(0, 0x58), 'not GGUF; it begins with "XGUF"'],
    [changed(4, 1), "GGUF of version 2 or 3 is read; got version 1"],
    [changed(4, 0, 0, 0, 3), "GGUF of version 2 or 3 is read; got version 50331648"],
    [whole.subarray(0, 300), "header lies beyond the end of the file of 300 bytes"],
    [changed(16, 255, 255, 255, 255, 255, 255), "beyond the end of the file"],
    [changed(14, 255), "a number is too large"],
    [whole.subarray(0, -100), "ends behind the file"],
    [changed(typeOfFirst, 20), 'tensor "F32": types that are read are F32, F16'],
    [changed(typeOfFirst, 20), "got IQ4_NL"],
    [changed(typeOfFirst, 99), "got type 99"],
    [changed(typeOfFirst - 8, 100), "ends behind"],
    [changed(typeOfFirst - 20, 5), "has more than 4 axes; got 5"],
    [new Uint8Array(), "beyond the end"],
  ])("is refused: %#", async (bytes, message) => {
    const broken = join(temporaryDirectory(), "model.gguf");
    await writeFile(broken, bytes);
    expect(await failure(openGguf(files, broken))).toMatchObject({
      name: "FormatError",
      message: expect.stringContaining(message),
    });
  });

  it("is refused where it is missing", async () => {
    const missing = join(temporaryDirectory(), "model.gguf");
    expect(await failure(openGguf(files, missing))).toMatchObject({ name: "UsageError" });
  });
});
