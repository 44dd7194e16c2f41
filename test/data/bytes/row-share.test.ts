/** Shares of the rows of a file: one after another they have all, each behind the first row of the file. */

import { expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { csv, tsv } from "../../../src/data/formats/table.ts";
import { jsonl } from "../../../src/data/formats/json.ts";
import type { RowShare } from "../../../src/data/bytes/row-share.ts";
import type { Format, PlacedRow } from "../../../src/data/formats/row.ts";
import { FormatError } from "../../../src/errors.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const isHeader = (cells: readonly string[]) => cells.includes("source");

async function shares(format: Format, name: string, content: string | Uint8Array, count: number) {
  const [path = ""] = await write({ [name]: content });
  const source = format.open({ files: nodeFiles, path, isHeader });
  const found = await Promise.all(
    Array.from({ length: count }, async (_, index) => source.share?.({ index, count })),
  );
  const whole = (await collect(source.rows())).map(({ row }) => row);
  return { found, whole };
}

const rowsOf = async (share: RowShare<PlacedRow> | undefined) =>
  share ? collect(share.rows()) : [];

const objects = Array.from({ length: 23 }, (_, i) => JSON.stringify({ a: "é".repeat(i % 5), i }));
const records = Array.from({ length: 23 }, (_, i) => `${i}\t"${"x".repeat(i % 7)}"`);
const HEADER = "source\ttarget";

it.each<readonly [what: string, format: Format, name: string, content: string]>([
  ["lines", jsonl, "a.jsonl", objects.join("\n")],
  ["lines with a mark before them", jsonl, "a.jsonl", `\uFEFF${objects.join("\n")}\n`],
  ["lines with blank ones", jsonl, "a.jsonl", `\r\n\r\n${objects.join("\r\n \r\n")}`],
  ["one line", jsonl, "a.jsonl", `${objects[0]}\n`],
  ["records", tsv, "a.tsv", records.join("\n")],
  ["records with a header", tsv, "a.tsv", [HEADER, ...records].join("\n")],
  ["records with commas", csv, "a.csv", `source,target\n${'"a, b","c""d"\n'.repeat(9)}`],
])("%s", async (_, format, name, content) => {
  for (let count = 1; count <= 30; count += 3) {
    const { found, whole } = await shares(format, name, content, count);
    const rows = await Promise.all(found.map((share) => rowsOf(share)));
    const own = rows.map((all) => all.filter(({ isElsewhere }) => isElsewhere !== true));
    expect(own.flat().map(({ row }) => row)).toEqual(whole);
    for (const [index, all] of rows.entries()) {
      expect(all[0]?.row).toEqual(whole[0]);
      expect(all[0]?.isElsewhere).toBe(index > 0 ? true : undefined);
      expect(found[index]?.first?.row).toEqual(whole[0]);
    }
  }
});

it.each<readonly [what: string, format: Format, name: string, content: string | Uint8Array]>([
  ["a list", jsonl, "a.jsonl", `[\n${objects.join(",\n")}\n]`],
  ["what is packed", jsonl, "a.jsonl.gz", gzipSync(objects.join("\n"))],
  ["one line without an end", jsonl, "a.jsonl", objects[0] ?? ""],
  ["a header alone", csv, "a.csv", "source,target\n"],
])("there are none of %s", async (_, format, name, content) => {
  expect((await shares(format, name, content, 2)).found).toEqual([undefined, undefined]);
});

it("refuses a cell whose quote ends in another share", async () => {
  const text = `source\ttarget\na\tb\n${'"x\t"y\n'.repeat(9)}`;
  const { found, whole } = await shares(tsv, "a.tsv", text, 2);
  expect(whole).toHaveLength(10);
  await expect(rowsOf(found[1])).rejects.toThrow(FormatError);
});
