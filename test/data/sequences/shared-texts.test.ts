/** Texts that ranks read and encode in shares have the tokens that one process gives them. */

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Collective } from "../../../src/collective/index.ts";
import { examplesOf, sharedTextTokens, textTokens } from "../../../src/data/index.ts";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { byteTokenizer, type Tokenizer, trainBpe } from "../../../src/text/index.ts";
import { asRanks } from "../../support/ranks.ts";

const WORDS = ["the ", "quick\r\n", "brövn ", "føx\n", "😀 jumps, ", "over  ", "dogs.\r"];
const prose = (count: number) =>
  Array.from({ length: count }, (_, i) => WORDS[(i * i + (i >> 3)) % WORDS.length]).join("");
const rows = (count: number, textOf: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ text: textOf(i) })).join("\n");
const utf8 = (text: string) => new TextEncoder().encode(text);
const long = prose(3000);

const FILES: Readonly<Record<string, Uint8Array>> = {
  "book.txt": utf8(`\uFEFF${long}`),
  "blank.txt": utf8(" ".repeat(12_000) + prose(1000)),
  // The second of three shares has no seam.
  "endless.txt": utf8(prose(1000) + "y".repeat(9000) + prose(1000)),
  // Where it is cut into two or three, an end of line is.
  "lines.txt": utf8(`x${"word\r\n".repeat(2502)}`),
  "small.txt": utf8(prose(20)),
  "packed.txt": gzipSync(utf8(long)),
  "rows.jsonl": utf8(rows(300, (i) => (i % 3 === 0 ? "  " : prose(5 + (i % 7))))),
  "quoted.csv": utf8(`text\n${'"a b\nc"\n'.repeat(10)}`),
};
const bytes = byteTokenizer();
/** As Llama's, which puts one before a text. */
const starting: Tokenizer = {
  ...bytes,
  encodePrompt: (text) => Int32Array.of(300, ...bytes.encode(text)),
};
const endless: Tokenizer = { ...bytes, endOfText: undefined };
const words: Tokenizer = trainBpe([prose(500)], 400);

async function readBy(size: number, paths: readonly string[], tokenizer: Tokenizer = bytes) {
  return asRanks(size, async (ranks) => {
    const { files } = memoryHost({ files: FILES });
    let [read, encoded] = [0, 0];
    const counted = {
      ...files,
      async open(path: string) {
        const file = await files.open(path);
        return {
          ...file,
          async read(begin: number, end: number) {
            read += end - begin;
            return file.read(begin, end);
          },
        };
      },
    };
    const counting =
      (encode: Tokenizer["encode"]): Tokenizer["encode"] =>
      (text) => {
        encoded += text.length > 300 ? text.length : 0;
        return encode(text);
      };
    const own = {
      ...tokenizer,
      encode: counting(tokenizer.encode),
      encodePrompt: counting(tokenizer.encodePrompt),
    };
    const texts = examplesOf({ input: paths, files: counted, columns: {}, ranks }).texts();
    const tokens = await sharedTextTokens(own, texts, ranks);
    const held = tokens.stretches.reduce((sum, { ids }) => sum + (ids?.length ?? 0), 0);
    // As a text, since those are compared fast.
    const all = tokens.read([[0, tokens.length]]).join();
    return { tokens: all, length: tokens.length, held, read, encoded };
  });
}

async function byOne(paths: readonly string[], tokenizer: Tokenizer = bytes) {
  const { files } = memoryHost({ files: FILES });
  const tokens = await textTokens(
    tokenizer,
    examplesOf({ input: paths, files, columns: {} }).texts(),
  );
  return tokens.join();
}

describe.each([2, 3])("%i ranks", (size) => {
  it.each<readonly [what: string, paths: readonly string[], tokenizer: Tokenizer]>([
    ["a text", ["book.txt"], bytes],
    ["a text with a token before it", ["book.txt"], starting],
    ["a text without one behind it", ["book.txt"], endless],
    ["a text in words", ["book.txt"], words],
    ["a text that begins late", ["blank.txt"], words],
    ["a text with a share without seams", ["endless.txt"], words],
    ["lines that end in two characters", ["lines.txt"], bytes],
    ["a short text", ["small.txt"], bytes],
    ["a packed text", ["packed.txt"], bytes],
    ["documents", ["rows.jsonl"], words],
    ["a table with line breaks in its cells", ["quoted.csv"], bytes],
    ["several files", ["rows.jsonl", "small.txt", "quoted.csv"], bytes],
    ["files of which each is read by one", ["packed.txt", "small.txt", "packed.txt"], bytes],
  ])("have the tokens of one process, and a part each: %s", async (_, paths, tokenizer) => {
    const expected = await byOne(paths, tokenizer);
    const all = await readBy(size, paths, tokenizer);
    for (const { tokens } of all) expect(tokens).toEqual(expected);
    expect(all.reduce((sum, { held }) => sum + held, 0)).toBe(all[0]?.length);
  });

  it.each(["book.txt", "rows.jsonl"])("read and encode a share of %s", async (path) => {
    const length = FILES[path]?.length ?? 0;
    for (const { held, read, encoded } of await readBy(size, [path])) {
      // Beside it the first 4 KB, and up to as much of the next share.
      const most = length / size + 4200;
      expect(read).toBeLessThan(most + 4200);
      expect(held).toBeLessThan(most);
      if (path === "book.txt") expect(encoded).toBeLessThan(most);
    }
  });

  it("say what is wrong as one process does", async () => {
    const broken = utf8(long);
    broken[broken.length - 100] = 0xff;
    const files = { "broken.txt": broken, "blank.txt": utf8(" ".repeat(50_000)) };
    for (const path of Object.keys(files)) {
      const texts = (ranks?: Collective) =>
        examplesOf({
          input: [path],
          files: memoryHost({ files }).files,
          columns: {},
          ranks,
        }).texts();
      const said = async (run: Promise<unknown>) =>
        run.then(
          () => "nothing",
          (error: unknown) => (error instanceof FormatError ? error.message : String(error)),
        );
      const expected = await said(textTokens(bytes, texts()));
      expect(expected).toMatch(/not UTF-8; got 0xff at byte|there is no text in it/);
      // What ranks wait for is thrown too.
      const all = await asRanks(size, async (ranks) => {
        try {
          await sharedTextTokens(bytes, texts(ranks), ranks);
        } catch (error) {
          if (error instanceof FormatError) return error.message;
          throw error;
        }
        return "nothing";
      });
      expect(all).toEqual(all.map(() => expected));
    }
  });

  it("are refused where one has another text", async () => {
    const all = await asRanks(size, async (ranks) => {
      const files = { "a.txt": utf8(ranks.rank === 1 ? `${long}more` : long) };
      const input = { input: ["a.txt"], files: memoryHost({ files }).files, columns: {}, ranks };
      try {
        await sharedTextTokens(bytes, examplesOf(input).texts(), ranks);
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
      return "nothing";
    });
    for (const found of all) expect(found).toContain("same data; got others on rank 1");
  });
});
