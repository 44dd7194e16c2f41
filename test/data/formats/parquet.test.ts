/** Rows are those that pyarrow reads: test/golden/make_data_files.py. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parquet } from "../../../src/data/formats/parquet.ts";
import type { PlacedRow } from "../../../src/data/index.ts";
import type { FileStore } from "../../../src/host/host.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const FOLDER = "test/golden/data_files";
const { parquet: EXPECTED } = z
  .object({ parquet: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))) })
  .parse(JSON.parse(readFileSync(`${FOLDER}.json`, "utf8")));

const rowsOf = (path: string, files: FileStore = nodeFiles) =>
  collect(parquet.open({ files, path }).rows());

/** Numbers that a double may not tell from their neighbours are texts. */
const withTexts = (row: Record<string, unknown>) =>
  row["label"] === 2 ** 53 + 2 ? { ...row, label: "9007199254740994" } : row;

describe("a Parquet file", () => {
  it.each(Object.keys(EXPECTED))("has the rows of pyarrow: %s", async (name) => {
    const rows = await rowsOf(`${FOLDER}/${name}`);
    expect(rows.map(({ row }) => row)).toEqual(EXPECTED[name]?.map(withTexts));
    expect(rows.map(({ line }) => line)).toEqual(rows.map((_, i) => i + 1));
  });

  it("has shares of its groups of rows, if each is to have one", async () => {
    const source = parquet.open({ files: nodeFiles, path: `${FOLDER}/pairs.parquet` });
    const whole = await collect(source.rows());
    for (const [count, lengths] of [
      [1, [50]],
      [2, [32, 18]],
      [3, [16, 16, 18]],
      [4, [16, 16, 16, 2]],
    ] as const) {
      const rows: PlacedRow[][] = [];
      for (const index of lengths.keys()) {
        const share = await source.share?.({ index, count });
        rows.push(share ? await collect(share.rows()) : []);
      }
      expect(rows.map(({ length }) => length)).toEqual(lengths);
      expect(rows.flat()).toEqual(whole);
    }
    expect(await source.share?.({ index: 0, count: 5 })).toBeUndefined();
  });

  it("is read a group of rows at a time, and is never left open", async () => {
    let [open, most, bytes] = [0, 0, 0];
    const files: FileStore = {
      ...nodeFiles,
      async open(path) {
        const file = await nodeFiles.open(path);
        open += 1;
        most = Math.max(most, open);
        return {
          ...file,
          read(begin, end) {
            bytes += end - begin;
            return file.read(begin, end);
          },
          async close() {
            open -= 1;
            await file.close();
          },
        };
      },
    };
    const rows = parquet.open({ files, path: `${FOLDER}/pairs.parquet` }).rows();
    for await (const { line } of rows) {
      if (line === 1) break;
    }
    const first = bytes;
    await rowsOf(`${FOLDER}/pairs.parquet`, files);
    expect(open).toBe(0);
    expect(first).toBeLessThan(0.8 * (bytes - first));
  });

  const whole = readFileSync(`${FOLDER}/pairs.parquet`);

  it.each([
    ["a text", "source,target", "not Parquet; got a file that does not begin with PAR1"],
    ["nothing", "", "not Parquet; got a file that does not begin with PAR1"],
    ["one that was cut off", whole.subarray(0, 2000), "damaged, or in a form of Parquet"],
    ["one with other bytes in it", Buffer.from(whole).fill(0xff, 20, 600), "damaged, or in a form"],
  ])("is not %s", async (_, content, message) => {
    const [path = ""] = await write({ "a.parquet": content });
    await expect(rowsOf(path)).rejects.toThrow(`${path}: ${message}`);
  });

  it("has the columns of its schema, before any of them is read", async () => {
    const content = Buffer.from(readFileSync(`${FOLDER}/chats.parquet`));
    // The last place of the name is where the values of the column are described.
    content.write("kontent", content.lastIndexOf("content", content.lastIndexOf("ARROW:schema")));
    const [path = ""] = await write({ "a.parquet": content });
    const message = "got a group of rows with other columns than the schema";
    await expect(rowsOf(path)).rejects.toThrow(message);
  });

  it("must be there", async () => {
    const message = "data: cannot read a.parquet; got no such file";
    await expect(rowsOf("a.parquet")).rejects.toThrow(message);
  });
});
