/** Rows in memory are rows like those of a file. */

import { describe, expect, it } from "vitest";
import { type DataInput, examplesOf, type Row } from "../../src/data/index.ts";
import { pathsOf, sourceOf } from "../../src/data/input.ts";
import { COLUMNS, collect, nodeFiles } from "../support/files.ts";

const ROWS: readonly Row[] = [{ text: "a" }, { text: "b" }];

async function* asynchronous() {
  yield* ROWS;
}
function* synchronous() {
  yield* ROWS;
}

const rowsOf = async (input: DataInput) => collect(sourceOf(input).rows());

describe("the paths of an input", () => {
  it.each([
    ["a.txt", ["a.txt"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[], undefined],
    [ROWS, undefined],
  ])("%j are %j", (input, expected) => {
    expect(pathsOf(input)).toEqual(expected);
  });
});

describe("rows", () => {
  it.each([
    ["a list", ROWS],
    ["a set", new Set(ROWS)],
    ["an iterator", synchronous()],
    ["an asynchronous iterator", asynchronous()],
    ["a function of either", synchronous],
    ["a function of the other", asynchronous],
    ["a function of a list", () => ROWS],
  ])("come from %s", async (_, input) => {
    expect(await rowsOf(input)).toEqual([
      { row: { text: "a" }, line: 1 },
      { row: { text: "b" }, line: 2 },
    ]);
  });

  it("are those of a source as they are", () => {
    const source = { name: "mine", rows: async function* () {} };
    expect(sourceOf(source)).toBe(source);
  });

  it.each([
    ["a list", ROWS],
    ["a function", asynchronous],
  ])("of %s are read as often as one likes", async (_, input) => {
    const source = sourceOf(input);
    const first = await collect(source.rows());
    expect(await collect(source.rows())).toEqual(first);
  });

  it("of an iterator are read once", async () => {
    const source = sourceOf(asynchronous());
    await collect(source.rows());
    await expect(collect(source.rows())).rejects.toMatchObject({
      message: "data: the rows are read a second time; got an iterator",
      hint: "give a list, or a function that returns the rows",
    });
  });

  it.each([
    [[{ text: "a" }, 1], "data: row 2: must be an object of columns; got number"],
    [[[]], "data: row 1: must be an object of columns; got an array"],
    [{ rows: 3 }, "data: must be paths or rows; got object"],
    [() => null, "data: must be paths or rows; got null"],
  ])("are not %j", async (input, message) => {
    const untyped: { readonly input: DataInput } = JSON.parse("{}");
    const given = Object.assign(untyped, { input });
    await expect(rowsOf(given.input)).rejects.toThrow(message);
  });

  it("are told by their place where something is wrong", async () => {
    const open = (input: DataInput) =>
      examplesOf({ files: nodeFiles, input, columns: COLUMNS, name: "data" });
    await expect(open([{ source: "a", target: 1 }]).pairs()).rejects.toThrow(
      'data: row 1: "target" must be a string; got number',
    );
    await expect(open([{ riddle: "a" }]).pairs()).rejects.toThrow(
      'data: no column "source" in data, row 1; got riddle',
    );
    await expect(open([]).labelled()).rejects.toThrow("data: there are no texts in it");
  });
});
