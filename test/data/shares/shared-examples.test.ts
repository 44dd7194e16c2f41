/** Rows in memory and in files, of which each rank has a share. */

import { describe, expect, it } from "vitest";
import type { Collective } from "../../../src/collective/index.ts";
import { type DataInput, examplesOf, isHere } from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";
import type { FileStore } from "../../../src/host/host.ts";
import { COLUMNS, nodeFiles, write } from "../../support/files.ts";
import { asRanks } from "../../support/ranks.ts";

const rows = Array.from({ length: 11 }, (_, i) => ({ source: `${i}`, target: `${i}`.repeat(i) }));
const lines = rows.map((row) => JSON.stringify(row)).join("\n");
const table = ["source\ttarget", ...rows.map(({ source, target }) => `${source}\t${target}`)];
const [jsonl = "", tsv = "", short = "", list = ""] = await write({
  "a.jsonl": lines,
  "a.tsv": table.join("\n"),
  "short.tsv": table.slice(0, 2).join("\n"),
  "a.json": `[${lines.replaceAll("\n", ",")}]`,
});

const lists = await write(
  Object.fromEntries(
    [1, 2, 3, 4, 5].map((i) => [`${i}.json`, JSON.stringify(rows.slice(0, 2 * i))]),
  ),
);
/** Of four groups. */
const GROUPS = "test/golden/data_files/pairs.parquet";

const open = (input: DataInput, ranks?: Collective) =>
  examplesOf({ files: nodeFiles, input, columns: COLUMNS, keepsParts: true, ranks });

describe.each([2, 3, 5])("%i ranks", (size) => {
  it.each<readonly [what: string, input: DataInput, inTurn: boolean]>([
    ["lines", jsonl, false],
    ["records", tsv, false],
    ["files of several formats", [jsonl, list, tsv], false],
    ["groups of rows", GROUPS, false],
    ["lists, of which each is read by one", [list, ...lists], false],
    ["a row", short, true],
    ["rows in memory", rows, true],
    ["a list", list, true],
  ])("have each example once, and the same columns: %s", async (_, input, inTurn) => {
    const alone = open(input);
    const expected = await alone.pairs();
    const all = await asRanks(size, async (ranks) => {
      const own = open(input, ranks);
      const pairs = await own.pairs();
      return { pairs, columns: own.columns(), parts: pairs.map(own.partOf) };
    });
    for (const { pairs, columns, parts } of all) {
      expect(pairs).toHaveLength(expected.length);
      expect(columns).toEqual(alone.columns());
      expect(parts).toEqual(expected.map(alone.partOf));
    }
    for (const [place, example] of expected.entries()) {
      const found = all.map(({ pairs }) => pairs[place]);
      const owners = found.flatMap((each, rank) => (isHere(each) ? [rank] : []));
      expect(owners).toHaveLength(1);
      expect(found[owners[0] ?? 0]).toEqual(example);
      for (const each of found) if (!isHere(each)) expect(each).toEqual({ owner: owners[0] });
      if (inTurn) expect(owners).toEqual([place % size]);
    }
  });

  it("are refused where one has another file", async () => {
    const all = await asRanks(size, (ranks) =>
      open(ranks.rank === size - 1 ? tsv : jsonl, ranks)
        .pairs()
        .catch((error: unknown) => {
          if (error instanceof UsageError) return error.message;
          throw error;
        }),
    );
    for (const found of all) expect(found).toMatch("all must have the same data");
  });
});

it("are read by one rank each where they are lists", async () => {
  const input = lists.slice(1);
  const sizes = await Promise.all(input.map((path) => nodeFiles.stat(path)));
  const whole = sizes.reduce((sum, info) => sum + (info?.bytes ?? 0), 0);
  const all = await asRanks(2, async (ranks) => {
    let bytes = 0;
    const files: FileStore = {
      ...nodeFiles,
      async open(path) {
        const file = await nodeFiles.open(path);
        const read: typeof file.read = (begin, end) => {
          bytes += end - begin;
          return file.read(begin, end);
        };
        return { ...file, read };
      },
    };
    await examplesOf({ files, input, columns: COLUMNS, ranks }).pairs();
    return bytes;
  });
  for (const bytes of all) expect(bytes).toBeLessThan(0.7 * whole);
});
