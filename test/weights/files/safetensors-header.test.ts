/**
 * @file Every rule of the format, against a corpus of small files (corpus.ts) and the verdicts of
 * the reference on the same bytes (test/golden/make_safetensors_corpus.py).
 */

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { formatHeader, parseHeader } from "../../../src/weights/files/safetensors-header.ts";
import { accepted, refused } from "../corpus.ts";
import { failure, temporaryDirectory } from "../support.ts";
import { openSafetensors } from "../../support/on-node.ts";

const golden: { readonly verdicts: Readonly<Record<string, string | null>> } = JSON.parse(
  readFileSync(new URL("../../golden/safetensors_verdicts.json", import.meta.url), "utf8"),
);

/** Opens a file of these bytes. */
async function open(bytes: Uint8Array): Promise<void> {
  const path = join(temporaryDirectory(), "m.safetensors");
  await writeFile(path, bytes);
  const file = await openSafetensors(path);
  await file.close();
}

describe("a file", () => {
  it.each(refused)("must have: $rule", async ({ bytes, error }) => {
    const refusal = await failure(open(bytes));
    expect(refusal).toBeInstanceOf(FormatError);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(/^[^\n]*m\.safetensors: [^\n]*$/),
    });
    expect(refusal).toMatchObject({ message: expect.stringContaining(error) });
  });

  it.each(accepted)("may have: $rule", async ({ bytes }) => {
    await open(bytes);
  });
});

describe("the reference", () => {
  const corpus = [...refused, ...accepted];

  it("has judged these very files", async () => {
    const files = Object.fromEntries(
      corpus.map(({ rule, bytes }) => [rule, Buffer.from(bytes).toString("base64")]),
    );
    const text = `${JSON.stringify(files, null, 1)}\n`;
    await expect(text).toMatchFileSnapshot("../../golden/safetensors_corpus.json");
    expect(Object.keys(golden.verdicts)).toEqual(corpus.map(({ rule }) => rule));
  });

  it("refuses what is refused here, but for where the specification asks for more", () => {
    const lenient = refused.filter(({ rule }) => golden.verdicts[rule] === null);
    expect(lenient).toEqual(refused.filter(({ stricter }) => stricter !== undefined));
  });

  it("accepts what is accepted here", () => {
    expect(accepted.filter(({ rule }) => golden.verdicts[rule] !== null)).toEqual([]);
  });
});

const parse = (text: string | Uint8Array, dataBytes = 0): ReturnType<typeof parseHeader> =>
  parseHeader("m.safetensors", Buffer.from(text), dataBytes);

const info = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const two = (a: string, b: string): string =>
  `{"a":${info("U8", "[2]", a)},"b":${info("U8", "[2]", b)}}`;

describe("parseHeader", () => {
  it("accepts scalars, empty tensors, spaces and unused types", () => {
    const text = `{"s":${info("F32", "[]", "[0,4]")},"e":${info("I64", "[2,0]", "[4,4]")},
      "f":${info("F4", "[4]", "[4,6]")}}  `;
    expect([...parse(text, 6).tensors]).toEqual([
      ["s", { dtype: "F32", shape: [], begin: 0, end: 4 }],
      ["e", { dtype: "I64", shape: [2, 0], begin: 4, end: 4 }],
      ["f", { dtype: "F4", shape: [4], begin: 4, end: 6 }],
    ]);
  });

  it("orders tensors by their place, not by their place in the header", () => {
    expect([...parse(two("[2,4]", "[0,2]"), 4).tensors.keys()]).toEqual(["b", "a"]);
  });

  it("accepts an empty tensor where another starts, whichever is named first", () => {
    const text = `{"a":${info("U8", "[2]", "[0,2]")},"e":${info("U8", "[0]", "[0,0]")}}`;
    expect([...parse(text, 2).tensors.keys()]).toEqual(["e", "a"]);
  });

  it("has no metadata where there is none, and no inherited names", () => {
    const { metadata, tensors } = parse("{}");
    expect(metadata).toEqual({});
    expect(tensors.size).toBe(0);
  });
});

describe("formatHeader", () => {
  it("writes what parseHeader reads, with the data at a multiple of eight", () => {
    for (let length = 1; length <= 9; length++) {
      const tensors = new Map([
        ["x".repeat(length), { dtype: "F32", shape: [2], begin: 0, end: 8 }],
        ["0", { dtype: "U8", shape: [], begin: 8, end: 9 }],
      ]);
      const header = { metadata: { format: "pt", __proto__x: "y" }, tensors };
      const bytes = formatHeader(header);
      expect(bytes.length % 8).toBe(0);
      expect(Buffer.from(bytes).readBigUInt64LE()).toBe(BigInt(bytes.length - 8));
      expect(parse(bytes.subarray(8), 9)).toEqual(header);
    }
  });
});
