/** Which files a glob means was looked up in what Python's `glob.glob(..., recursive=True)` and bash find in the same folders. */

import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { filesOf } from "../../src/data/files-of.ts";
import { examplesOf, FORMATS } from "../../src/data/index.ts";
import { nodeFiles } from "../support/files.ts";

const PATHS = [
  "chats/b.jsonl",
  "chats/a.jsonl.gz",
  "chats/B.parquet",
  "chats/older/c.jsonl.zst",
  "chats/older/.hidden.jsonl",
  "chats/.cache/d.jsonl",
  "chats/notes.md",
  "texts/1.txt",
  "texts/2.txt",
  "odd/x[1].jsonl",
  "none/notes.md",
];
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flora-files-"));
  for (const path of PATHS) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `{"text": "${path}"}\n`);
  }
});

const find = async (...paths: readonly string[]) => {
  const found = await filesOf(
    nodeFiles,
    paths.map((path) => `${folder}/${path}`),
    FORMATS,
  );
  return { ...found, paths: found.paths.map((path) => path.slice(folder.length + 1)) };
};

describe("the files", () => {
  it.each([
    ["chats", ["chats/B.parquet", "chats/a.jsonl.gz", "chats/b.jsonl", "chats/older/c.jsonl.zst"]],
    ["chats/", ["chats/B.parquet", "chats/a.jsonl.gz", "chats/b.jsonl", "chats/older/c.jsonl.zst"]],
    ["chats/*.jsonl", ["chats/b.jsonl"]],
    ["chats/*", ["chats/B.parquet", "chats/a.jsonl.gz", "chats/b.jsonl", "chats/notes.md"]],
    ["chats/**/*.jsonl*", ["chats/a.jsonl.gz", "chats/b.jsonl", "chats/older/c.jsonl.zst"]],
    ["*/?.jsonl", ["chats/b.jsonl"]],
    ["{chats,texts}/[a-b1]*.{jsonl,txt}", ["chats/b.jsonl", "texts/1.txt"]],
    ["texts", ["texts/1.txt", "texts/2.txt"]],
  ])("of %s are sorted, hidden ones left out", async (path, expected) => {
    expect(await find(path)).toEqual({
      paths: expected,
      parts: expected.map(() => 0),
      areNamed: false,
    });
  });

  it("that are named are taken as they are, whatever is in their names", async () => {
    expect(await find("texts/2.txt", "odd/x[1].jsonl", "absent.txt")).toEqual({
      paths: ["texts/2.txt", "odd/x[1].jsonl", "absent.txt"],
      parts: [0, 1, 2],
      areNamed: true,
    });
    expect(await find("chats/*.jsonl", "texts", "texts/2.txt")).toEqual({
      paths: ["chats/b.jsonl", "texts/1.txt", "texts/2.txt", "texts/2.txt"],
      parts: [0, 1, 1, 2],
      areNamed: false,
    });
    const input = { paths: ["-"], parts: [0], areNamed: true };
    expect(await filesOf(nodeFiles, ["-"], FORMATS)).toEqual(input);
  });

  it("are looked for where the program runs", async () => {
    const { paths } = await filesOf(nodeFiles, ["pack*.json"], FORMATS);
    expect(paths).toEqual(["package-lock.json", "package.json"]);
  });

  it.each([
    ["none", "a folder must have .csv, .json, .jsonl, .ndjson, .parquet, .tsv or .txt files in it"],
    ["chats/*.csv", "there is no file for"],
    ["absent/*.csv", "there is no file for"],
  ])("of %s are missed", async (path, message) => {
    await expect(find(path)).rejects.toThrow(`data: ${message}`);
  });

  it("are not looked for without end", async () => {
    await mkdir(join(folder, "round"));
    await symlink(join(folder, "round"), join(folder, "round/again"));
    await expect(find("round")).rejects.toThrow("data: folders are 32 deep at most; got");
    await expect(find("round/*.txt")).rejects.toThrow("there is no file for");
  });

  it("are examples of one input, and two of a folder no pair", async () => {
    const open = (path: string) =>
      examplesOf({ files: nodeFiles, input: `${folder}/${path}`, columns: {} });
    expect(await open("texts").kind()).toBe("texts");
    const texts: string[] = [];
    for await (const { text } of open("chats/*.jsonl").texts()) texts.push(text);
    for await (const { text } of open("texts").texts()) texts.push(text);
    expect(texts).toEqual([
      "chats/b.jsonl",
      '{"text": "texts/1.txt"}\n',
      '{"text": "texts/2.txt"}\n',
    ]);
  });
});
