import { describe, expect, it } from "vitest";
import {
  detectFormat,
  extensionsFor,
  FORMATS,
  isReadable,
  readableExtensions,
} from "../../../src/data/formats/registry.ts";
import type { Format } from "../../../src/data/index.ts";

const psv: Format = {
  extensions: [".psv"],
  kinds: ["pairs", "labelled"],
  open: ({ path }) => ({ name: path, rows: async function* () {} }),
};

describe("detectFormat", () => {
  it.each([
    [["a.txt"], ["txt"]],
    [["a.jsonl"], ["jsonl"]],
    [["b/A.NDJSON"], ["jsonl"]],
    [["a.tsv"], ["tsv"]],
    [["a.CSV"], ["csv"]],
    [["a.json"], ["json"]],
    [["a.jsonl.gz"], ["jsonl"]],
    [["b/A.TXT.GZ"], ["txt"]],
    [["a.csv.zst"], ["csv"]],
    [["a.parquet"], ["parquet"]],
    [
      ["a.jsonl", "b.jsonl"],
      ["jsonl", "jsonl"],
    ],
    [
      ["a.txt", "b.tsv.gz"],
      ["txt", "tsv"],
    ],
    [
      ["a.txt", "b.txt", "c.txt"],
      ["txt", "txt", "txt"],
    ],
    [["train.de.gz", "train.en.gz"], "parallel"],
    [["train.de", "train.en"], "parallel"],
    [["a.txt", "b.txt"], "parallel"],
  ])("%j is %s", (paths, format) => {
    const found = detectFormat(paths);
    expect(
      found === "parallel" ? found : found.map(({ extensions: [first = ""] }) => first.slice(1)),
    ).toEqual(format);
  });

  it.each([
    [[], "no files"],
    [["train.de"], "train.de"],
    [["a.gz"], "a.gz"],
    [["a.jsonl", "b.xml"], "b.xml"],
    [["a", "b.txt", "c"], "a, c"],
  ])("%j is refused", (paths, got) => {
    expect(() => detectFormat(paths)).toThrow(
      expect.objectContaining({ message: `data: no known format; got ${got}` }),
    );
  });

  it.each(["a.jsonl.bz2", "a.zip", "b.tar.gz"])("says that %s is to be unpacked", (path) => {
    expect(() => detectFormat([path])).toThrow(
      expect.objectContaining({
        hint: "unpack it first: of packed files those of gzip and zstd are read",
      }),
    );
  });
});

describe("a format of one's own", () => {
  const formats = [...FORMATS, psv];

  it("is known by its extension, and no part of a pair of texts", () => {
    expect(detectFormat(["a.PSV"], formats)).toEqual([psv]);
    expect(detectFormat(["a.psv", "b.psv"], formats)).toEqual([psv, psv]);
    expect(detectFormat(["a.psv", "b.psv"])).toBe("parallel");
  });

  it("is in the words about formats", () => {
    expect(extensionsFor("labelled")).toBe(".tsv, .csv, .jsonl, .json or .parquet");
    expect(extensionsFor("labelled", formats)).toBe(".tsv, .csv, .jsonl, .json, .parquet or .psv");
    expect(() => detectFormat(["a.xml"], formats)).toThrow(
      expect.objectContaining({
        hint: "give .txt, .tsv, .csv, .jsonl, .json, .parquet or .psv files, or two files with one sentence a line",
      }),
    );
    expect(readableExtensions()).toEqual([
      ".csv",
      ".json",
      ".jsonl",
      ".ndjson",
      ".parquet",
      ".tsv",
      ".txt",
    ]);
  });

  it("has an extension before those of the library", () => {
    const own = { ...psv, extensions: [".csv"] };
    expect(detectFormat(["a.csv"], [...FORMATS, own])).toEqual([own]);
  });

  it("makes files readable", () => {
    expect([isReadable("b/a.tsv"), isReadable("a.psv"), isReadable("a.psv", formats)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([".tsv", "x/.tsv", "a.tsv/b"].filter((path) => isReadable(path))).toEqual([]);
  });
});
