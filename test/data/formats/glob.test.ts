/** What bash finds for the same patterns, with globstar. */

import { describe, expect, it } from "vitest";
import { globOf, pathsFor } from "../../../src/data/formats/glob.ts";

const PATHS = ["a.jsonl", "b/a.jsonl", "b/c/d.csv", "b/.hidden.csv", "b2/e.jsonl", "b/x[1].txt"];

describe("a path among others", () => {
  it.each([
    ["a.jsonl", ["a.jsonl"]],
    ["b/x[1].txt", ["b/x[1].txt"]],
    ["*.jsonl", ["a.jsonl"]],
    ["**/*.jsonl", ["a.jsonl", "b/a.jsonl", "b2/e.jsonl"]],
    ["b/**", ["b/a.jsonl", "b/c/d.csv", "b/x[1].txt"]],
    ["b/{a,x*}.*", ["b/a.jsonl", "b/x[1].txt"]],
    ["b?/[d-f].jsonl", ["b2/e.jsonl"]],
    ["b", ["b/a.jsonl", "b/c/d.csv", "b/.hidden.csv", "b/x[1].txt"]],
    ["b/c/", ["b/c/d.csv"]],
    ["c", []],
    ["*.csv", []],
  ])("%s is %j", async (path, expected) => {
    expect(await pathsFor(path, PATHS)).toEqual(expected);
  });
});

it.each([
  ["a.jsonl", undefined],
  ["logs/*.jsonl", { folder: "logs", levels: 1 }],
  ["/data/*/x.csv", { folder: "/data", levels: 2 }],
  ["*.csv", { folder: "", levels: 1 }],
  ["logs/**/*.csv", { folder: "logs", levels: Infinity }],
])("%s begins in a folder: %j", async (path, expected) => {
  const glob = await globOf(path);
  if (expected) expect(glob).toMatchObject(expected);
  else expect(glob).toBeUndefined();
});
