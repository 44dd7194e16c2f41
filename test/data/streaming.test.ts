/** Large files are read in little memory: what is alive while 50 MB go by is a part of them. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodedParts } from "../../src/data/sequences/documents.ts";
import { examplesOf, FORMATS, lastGap, recut } from "../../src/data/index.ts";
import { bpeTrainer, byteTokenizer } from "../../src/text/index.ts";
import { COLUMNS, nodeFiles } from "../support/files.ts";

const MEGABYTE = 1e6;
const SIZE = 50 * MEGABYTE;
/** Of 40 MB that go by between the first look and the last. Memory outside of the heap is counted with some delay. */
const MOST_GROWTH = 16 * MEGABYTE;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flora-large-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function alive(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Lines up to a size; none is like another. */
async function write(name: string, bytes: number, lineOf: (i: number) => string) {
  const path = join(folder, name);
  const stream = createWriteStream(path);
  let written = 0;
  for (let i = 0; written < bytes;) {
    const lines = Array.from({ length: 10_000 }, () => lineOf((i += 1))).join("");
    written += Buffer.byteLength(lines);
    if (!stream.write(lines)) await once(stream, "drain");
  }
  stream.end();
  await finished(stream);
  return path;
}

const open = (path: string) => examplesOf({ files: nodeFiles, input: path, columns: COLUMNS });

/** By how much more is alive when most items have gone by than after the first. */
async function growthOf(items: AsyncIterable<unknown>, every: number) {
  const looks: number[] = [];
  let count = 0;
  for await (const _ of items) if ((count += 1) % every === 0) looks.push(alive());
  expect(looks.length).toBeGreaterThan(4);
  return (looks.at(-1) ?? 0) - (looks[0] ?? 0);
}

describe("of a large file little is alive", () => {
  it("while its rows go by", async () => {
    const path = await write("a.tsv", SIZE, (i) => `die Nummer ${i} größer\tnumber ${i}\n`);
    const format = FORMATS.find(({ extensions }) => extensions.includes(".tsv"));
    if (!format) throw new Error("no format");
    const rows = format.open({ files: nodeFiles, path }).rows();
    expect(await growthOf(rows, 150_000)).toBeLessThan(MOST_GROWTH);
  });

  it("while the text of one document is encoded", async () => {
    const path = await write("a.txt", SIZE, (i) => `die Nummer ${i} ist größer als ${i - 1}.\n`);
    const parts = encodedParts(open(path).texts(), byteTokenizer());
    expect(await growthOf(parts, 8)).toBeLessThan(MOST_GROWTH);
  });

  it("of which words are learned, but the words", async () => {
    // Of every part a long word is kept, and none of the rest.
    const path = await write("b.txt", SIZE, (i) =>
      i % 20_000 === 0 ? `word-without-end${"x".repeat(i / 2000)} ` : "the same words again ",
    );
    const trainer = bpeTrainer(300);
    const learning = async function* () {
      for await (const { text } of recut(open(path).texts(), lastGap)) yield trainer.add(text);
    };
    expect(await growthOf(learning(), 8)).toBeLessThan(MOST_GROWTH);
    expect(trainer.finish().vocabularySize).toBe(300);
  });
});
