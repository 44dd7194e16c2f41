import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { namesPairs } from "../../../src/data/examples/pairs.ts";
import { byContent } from "../../../src/data/formats/by-content.ts";
import { collect, nodeFiles, write } from "../../support/files.ts";

const ZSTD = readFileSync("test/golden/data_files/pairs.jsonl.zst");
const PARQUET = readFileSync("test/golden/data_files/chats.parquet");

async function firstRow(content: string | Uint8Array, columns?: readonly string[]) {
  const [path = ""] = await write({ input: content });
  const source = byContent.open({ files: nodeFiles, path, columns, isHeader: namesPairs });
  return (await collect(source.rows()))[0]?.row;
}

describe("what has no name", () => {
  it.each<readonly [string, string | Uint8Array, object]>([
    ["lines of JSON", '\n{"text": "a"}\n{"text": "b"}\n', { text: "a" }],
    ["a list in JSON", '[\n  {"text": "a"}\n]', { text: "a" }],
    ["objects of several lines", '{\n"text":\n"a"\n}\n{"text": "b"}', { text: "a" }],
    ["pairs in a TSV", "ein Hund\ta dog\n", { source: "ein Hund", target: "a dog" }],
    ["a TSV with a header", "id\tquestion\tanswer\n1\ta\tb\n", { question: "a", answer: "b" }],
    ["a CSV", 'id,"source",target\n1,a,b\n', { id: "1", source: "a", target: "b" }],
    ["a CSV of texts", "id;text\n1;a, b\n", { id: "1", text: "a, b" }],
    ["a text", "Once upon a time, [there] was\ta\tdog.", { text: /^Once/ }],
    ["a text that begins with a bracket", "[Scene 1]\n{noises}\n", { text: /^\[Scene/ }],
    ["what gzip packed", gzipSync('{"text": "a"}'), { text: "a" }],
    ["what zstd packed", ZSTD, { source: /Hund|dog|a/ }],
    ["Parquet", PARQUET, { id: 0 }],
  ])("is known by its content: %s", async (_, content, expected) => {
    const row = await firstRow(content);
    for (const [name, cell] of Object.entries(expected)) {
      if (cell instanceof RegExp) expect(row?.[name]).toMatch(cell);
      else expect(row?.[name]).toEqual(cell);
    }
  });

  it("is a table if its first line has the columns that are asked for", async () => {
    const content = "id,body,class\n1,a,b\n";
    expect(await firstRow(content, ["body", "class"])).toEqual({ body: "a", class: "b" });
    expect(await firstRow(content)).toEqual({ text: content });
    expect(await firstRow("id\tbody\tclass\n1\ta\tb\n", ["body"])).toEqual({ body: "a" });
  });
});
