import { describe, expect, it } from "vitest";
import {
  detectFormat,
  extensionsFor,
  FORMATS,
  isReadable,
  readableExtensions,
} from "../../../src/data/formats/registry.ts";
import type { Format } from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";

const csv: Format = {
  extensions: [".csv"],
  kinds: ["pairs", "labelled"],
  open: ({ path }) => ({ name: path, rows: async function* () {} }),
};

describe("detectFormat", () => {
  it.each([
    [["a.txt"], "txt"],
    [["a.jsonl"], "jsonl"],
    [["b/A.NDJSON"], "jsonl"],
    [["a.tsv"], "tsv"],
    [["train.de", "train.en"], "parallel"],
    [["a.txt", "b.txt"], "parallel"],
  ])("%j is %s", (paths, format) => {
    const found = detectFormat(paths);
    expect(found === "parallel" ? found : found.extensions[0]?.slice(1)).toBe(format);
  });

  it.each([
    [[]],
    [["train.de"]],
    [["a.json"]],
    [["a.jsonl", "b.jsonl"]],
    [["a.txt", "b.tsv"]],
    [["a", "b", "c"]],
  ])("%j is refused", (paths) => {
    expect(() => detectFormat(paths)).toThrow(UsageError);
  });
});

describe("a format of one's own", () => {
  const formats = [...FORMATS, csv];

  it("is known by its extension, and no part of a pair of texts", () => {
    expect(detectFormat(["a.CSV"], formats)).toBe(csv);
    expect(() => detectFormat(["a.csv", "b.csv"], formats)).toThrow("no known format");
    expect(detectFormat(["a.csv", "b.csv"])).toBe("parallel");
  });

  it("is in the words about formats", () => {
    expect(extensionsFor("labelled")).toBe(".tsv or .jsonl");
    expect(extensionsFor("labelled", formats)).toBe(".tsv, .jsonl or .csv");
    expect(() => detectFormat(["a.json"], formats)).toThrow(
      expect.objectContaining({
        hint: "give one .txt, .tsv, .jsonl or .csv file, or two files with one sentence a line",
      }),
    );
    expect(readableExtensions()).toEqual([".jsonl", ".ndjson", ".tsv", ".txt"]);
  });

  it("makes files readable", () => {
    expect([isReadable("b/a.tsv"), isReadable("a.csv"), isReadable("a.csv", formats)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([".tsv", "x/.tsv", "a.tsv/b"].filter((path) => isReadable(path))).toEqual([]);
  });
});
