import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type DataColumns, type DataInput, examplesOf } from "../../src/data/index.ts";
import { FormatError, UsageError } from "../../src/errors.ts";
import { needsData } from "../support/data.ts";
import { COLUMNS, collect, nodeFiles, write } from "../support/files.ts";

const MULTI30K = "../shared/data/multi30k";

const open = (input: DataInput, columns: Partial<DataColumns> = {}) =>
  examplesOf({ files: nodeFiles, input, columns: { ...COLUMNS, ...columns } });

const detectExamples = (paths: readonly string[]) => open(paths).kind();
const readPairs = ({
  paths,
  ...columns
}: Partial<DataColumns> & { readonly paths: readonly string[] }) => open(paths, columns).pairs();
const readTexts = async (path: string, textColumn?: string) =>
  (await collect(open(path, { textColumn }).texts())).map(({ text }) => text);

const pairs = (...rows: readonly (readonly [string, string])[]) =>
  rows.map(([source, target]) => ({ source, target }));

const caught = async (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);

describe("the kind of examples", () => {
  it.each([
    ["a.txt", "a", "texts"],
    ["a.tsv", "a\tb", "pairs"],
    ["a.jsonl", '\n{"text":"a"}\nnot read', "texts"],
    ["a.jsonl", '{"source":"a","target":"b"}', "pairs"],
    ["a.jsonl", '{"prompt":"a","completion":"b","text":"c"}', "pairs"],
    ["a.jsonl", '{"messages":[],"text":"c","prompt":"a","completion":"b"}', "conversations"],
    ["a.jsonl", '{"instruction":"a","output":"b"}', "pairs"],
    ["a.jsonl", '{"instruction":"a","output":"b","text":"c"}', "texts"],
    ["a.json", '[{"question":"a","answer":"b"}]', "pairs"],
    ["a.jsonl", '{"turns":[{"role":"user"}],"text":"a"}', "conversations"],
    ["a.jsonl", '{"dialogue":"a","summary":"b"}', "pairs"],
    ["a.jsonl", '{"dialog":["a","b"],"text":"c"}', "texts"],
    ["a.jsonl", '{"prompt":[{"role":"user"}],"completion":"b"}', "conversations"],
    ["a.json", '{"messages":\n[]}', "conversations"],
    ["a.csv", "id,text\n1,a\n", "texts"],
    ["a.csv", "prompt,completion\na,b\n", "pairs"],
    ["a.jsonl", '{"prompt":"a","de":"b"}', undefined],
    ["a.jsonl", "\n", undefined],
  ])("%s with %j has %s", async (name, content, expected) => {
    expect(await detectExamples(await write({ [name]: content }))).toBe(expected);
  });

  it("takes two files for pairs", async () => {
    expect(await detectExamples(["a.de", "a.en"])).toBe("pairs");
  });

  it("says where a line is no JSON", async () => {
    const error = await caught(detectExamples(await write({ "a.jsonl": "\n3" })));
    expect(error).toMatchObject({ name: "FormatError", offset: 2 });
  });

  it.each<readonly [Partial<DataColumns>, string | undefined]>([
    [{ textColumn: "body" }, "texts"],
    [{ sourceColumn: "de", targetColumn: "text" }, "pairs"],
    [{ messagesColumn: "log" }, "conversations"],
    [{ messagesColumn: "body.log", textColumn: "body" }, "texts"],
  ])("is that of the columns of %j", async (columns, expected) => {
    const paths = await write({ "a.jsonl": '{"text":"a","body":"b","de":"c","log":[]}' });
    expect(await open(paths, columns).kind()).toBe(expected);
  });

  it.each<readonly [Partial<DataColumns>, string, string]>([
    [{ textColumn: "none" }, 'textColumn: no column "none"', "texts are read from"],
    [{ sourceColumn: "de" }, 'targetColumn: no column "target"', "pairs are read from"],
    [
      { sourceColumn: "none", targetColumn: "text" },
      'sourceColumn: no column "none"',
      "pairs are read from",
    ],
    [
      { messagesColumn: "none" },
      'messagesColumn: no column "none"',
      "the messages of conversations are read from",
    ],
  ])("is none where the columns of %j are not there", async (columns, message, hint) => {
    const paths = await write({ "a.jsonl": '{"question":"a","text":"c","de":"b"}' });
    const error = await caught(open(paths, columns).kind());
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: `${message} in ${paths[0]}, line 1; got question, text, de`,
      hint: `name the column that ${hint}, or leave the option out`,
    });
  });

  it.each<readonly [readonly string[], string | undefined]>([
    [["a.txt", "b.txt", "c.txt"], "texts"],
    [["a.tsv", "b.tsv"], "pairs"],
    [["a.jsonl", "b.tsv"], undefined],
  ])("of %j together is %s without a look", async (paths, expected) => {
    expect(await open(paths).formatKind()).toBe(expected);
  });
});

describe("pairs", () => {
  it.each([
    [
      "parallel files",
      { "a.de": "eins\nzwei\r\n\ndrei", "a.en": "one\ntwo\n \nthree\n" },
      {},
      pairs(["eins", "one"], ["zwei", "two"], ["drei", "three"]),
    ],
    [
      "parallel files with other line separators inside a line",
      { "a.de": "eins\u2028zwei\x85\x0bdrei\n", "a.en": "one\n" },
      {},
      pairs(["eins\u2028zwei\x85\x0bdrei", "one"]),
    ],
    [
      "a table of two columns",
      { "a.tsv": 'eins\tone\n\n"zwei"\ttwo\n' },
      {},
      pairs(["eins", "one"], ["zwei", "two"]),
    ],
    [
      "a table with quotes that are no marks of cells",
      { "a.tsv": '"eins" sagte er\tone\n5" Rohr\t"two\n' },
      {},
      pairs(['"eins" sagte er', "one"], ['5" Rohr', '"two']),
    ],
    [
      "a table whose header line has the usual names, though nobody named them",
      { "a.tsv": "source\ttarget\neins\tone\n" },
      {},
      pairs(["eins", "one"]),
    ],
    [
      "a table whose header line has the usual names, as somebody named them",
      { "a.tsv": "id\ttarget\tsource\n1\tone\teins\n" },
      { sourceColumn: "source", targetColumn: "target" },
      pairs(["eins", "one"]),
    ],
    [
      "a table whose header line has other names of pairs",
      { "a.tsv": "question\tanswer\neins\tone\n" },
      {},
      pairs(["eins", "one"]),
    ],
    [
      "a table with commas",
      { "a.csv": 'id,source,target\r\n1,"eins, zwei","one\n""two"""\r\n,,\r\n' },
      {},
      pairs(["eins, zwei", 'one\n"two"']),
    ],
    [
      "a table with semicolons, as spreadsheets write it",
      { "a.csv": "\uFEFFde;en\neins, zwei;one\n" },
      { sourceColumn: "de", targetColumn: "en" },
      pairs(["eins, zwei", "one"]),
    ],
    [
      "a table with commas by the numbers of its columns",
      { "a.csv": "1,one,eins\n" },
      { sourceColumn: "3", targetColumn: "2" },
      pairs(["eins", "one"]),
    ],
    [
      "a table with a header line",
      { "a.tsv": "id\ten\tde\n1\tone\teins\r\n2\ttwo\tzwei\n" },
      { sourceColumn: "de", targetColumn: "en" },
      pairs(["eins", "one"], ["zwei", "two"]),
    ],
    [
      "a table without a header line, by the numbers of its columns",
      { "a.tsv": "1\tone\teins\n2\ttwo\tzwei\n" },
      { sourceColumn: "3", targetColumn: "2" },
      pairs(["eins", "one"], ["zwei", "two"]),
    ],
    [
      "JSON lines",
      { "a.jsonl": '{"target":"one","source":"eins","id":1}\n\n{"source":"a\\tb","target":"c"}' },
      {},
      pairs(["eins", "one"], ["a\tb", "c"]),
    ],
    [
      "JSON lines with named columns",
      { "a.jsonl": '{"text":"long","summary":"short"}\n{"text":"","summary":""}\n' },
      { sourceColumn: "text", targetColumn: "summary" },
      pairs(["long", "short"]),
    ],
    [
      "prompts and completions",
      { "a.jsonl": '{"prompt":"eins","completion":"one"}\n' },
      {},
      pairs(["eins", "one"]),
    ],
    [
      "prompts and completions packed by gzip",
      { "a.jsonl.gz": gzipSync('{"prompt":"eins","completion":"one"}\n') },
      {},
      pairs(["eins", "one"]),
    ],
    [
      "parallel files packed by gzip",
      { "a.de.gz": gzipSync("eins\n"), "a.en.gz": gzipSync("one\n") },
      {},
      pairs(["eins", "one"]),
    ],
    [
      "several files one after another",
      {
        "a.jsonl": '{"prompt":"eins","completion":"one"}\n',
        "b.tsv": "zwei\ttwo\n",
        "c.json": '[{"source":"drei","target":"three"}]',
      },
      {},
      pairs(["eins", "one"], ["zwei", "two"], ["drei", "three"]),
    ],
    [
      "instructions, with what they are about below them",
      {
        "a.json": JSON.stringify([
          { instruction: "say it", input: "eins", output: "one" },
          { instruction: "say it", input: "", output: "two", history: [] },
          { instruction: "say it", output: "three" },
          { instruction: "say it", input: null, output: "four", system: "be kind" },
        ]),
      },
      {},
      pairs(
        ["say it\neins", "one"],
        ["say it", "two"],
        ["say it", "three"],
        ["be kind\nsay it", "four"],
      ),
    ],
    [
      "answers to nothing",
      { "a.jsonl": '{"prompt":"","completion":"one"}\n{"prompt":null,"completion":"two"}\n' },
      {},
      pairs(["", "one"], ["", "two"]),
    ],
    [
      "columns within a column",
      { "a.jsonl": '{"translation":{"de":"eins","en":"one"}}\n' },
      { sourceColumn: "translation.de", targetColumn: "translation.en" },
      pairs(["eins", "one"]),
    ],
    [
      "questions without an answer, which are left out later",
      { "a.de": "eins\nzwei\n", "a.en": "one\n \n" },
      {},
      pairs(["eins", "one"], ["zwei", " "]),
    ],
    [
      "the usual columns though there are prompts too",
      { "a.jsonl": '{"prompt":"x","completion":"y","source":"eins","target":"one"}\n' },
      {},
      pairs(["eins", "one"]),
    ],
  ])("reads %s", async (_, files, columns, expected) => {
    expect(await readPairs({ paths: await write(files), ...columns })).toEqual(expected);
  });

  it.each([
    [
      "a list as what an instruction is about",
      { "a.jsonl": '{"instruction":"a","input":[],"output":"b"}' },
      '"input" must be a string; got an array',
      1,
    ],
    [
      "turns before an instruction",
      { "a.jsonl": '{"instruction":"a","output":"b","history":[["c","d"]]}' },
      '"history" must be empty, as earlier turns are read from "messages" alone; got 1 turns',
      1,
    ],
    [
      "a cell that goes on behind its quotes",
      { "a.csv": 'source,target\na,b\n"c" d,e\n' },
      'a cell in quotes must end with one; got "c" d,e',
      3,
    ],
    [
      "a cell whose quotes do not end",
      { "a.csv": 'source,target\na,"b\n\nc,d\n' },
      'a cell in quotes must end with one; got "b',
      2,
    ],
    [
      "two columns of one name",
      { "a.csv": "source,target,source\na,b,c\n" },
      "two columns have one name; got source",
      1,
    ],
    ["a row with too few cells", { "a.tsv": "eins\tone\nzwei\n" }, "columns; got 1", 2],
    ["a row with too many cells", { "a.tsv": "eins\tone\tun\n" }, "columns; got 3", 1],
    ["no JSON", { "a.jsonl": '{"source":"a","target":"b"}\nzwei\n' }, "not JSON; got zwei", 2],
    ["no JSON object", { "a.jsonl": "\n[1]\n" }, "not a JSON object; got 1", 2],
    ["a number", { "a.jsonl": '{"source":1,"target":"b"}' }, '"source" must be a string', 1],
    ["a list", { "a.jsonl": '{"source":"a","target":["b"]}' }, "string; got an array", 1],
    ["null", { "a.jsonl": '{"source":"a","target":null}' }, "string; got null", 1],
    ["no pairs", { "a.de": "\n\n", "a.en": "\n\n" }, "there are no pairs in it", undefined],
  ])("refuses %s, with file and line", async (_, files, message, line) => {
    const paths = await write(files);
    const error = await caught(readPairs({ paths }));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ path: paths[0], offset: line });
    expect(error).toHaveProperty("message", expect.stringContaining(message));
    if (line !== undefined) {
      expect(error).toHaveProperty("message", expect.stringContaining(`line ${line}`));
    }
  });

  it("names both files and their lengths where they differ", async () => {
    const [de = "", en = ""] = await write({ "a.de": "eins\nzwei\ndrei\n", "a.en": "one\ntwo" });
    await expect(readPairs({ paths: [de, en] })).rejects.toThrow(
      `${de}: the two files must have as many lines; got 3 lines and 2 in ${en}`,
    );
  });

  it.each([
    ["a.tsv", "de\ten\na\tb\n", "a.tsv; got de, en"],
    ["a.jsonl", '\n{"de":"a","en":"b"}\n', "a.jsonl, line 2; got de, en"],
    ["a.jsonl", '{"prompt":"a","completion":"b"}', "a.jsonl, line 1; got prompt, completion"],
    ["a.csv", "de,en\na,b\n", "a.csv; got de, en"],
    ["a.tsv", "Source\tTarget\na\tb\n", "a.tsv; got Source, Target"],
  ])("lists the columns of %s where one is missing", async (name, content, where) => {
    const paths = await write({ [name]: content });
    const error = await caught(readPairs({ paths, sourceColumn: "fr", targetColumn: "en" }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining('data: no column "fr" in '));
    expect(error).toHaveProperty("message", expect.stringContaining(where));
  });

  it("takes names in capitals for a header line, and not for a pair", async () => {
    const paths = await write({ "a.tsv": "Source\tTarget\na\tb\n" });
    await expect(readPairs({ paths })).rejects.toThrow(
      `no column "source" in ${paths[0]}, line 2; got Source, Target`,
    );
  });

  it("refuses more than the memory takes", async () => {
    const source = "a".repeat(1000);
    const all = Array.from({ length: 20 }, () => ({ source, target: "b" }));
    const read = (mostBytes: number) =>
      examplesOf({ files: nodeFiles, input: all, columns: {}, mostBytes }).pairs();
    expect(await read(40_000)).toHaveLength(20);
    await expect(read(10_000)).rejects.toThrow(
      "data: too many pairs for the memory; got more than 8",
    );
  });

  it("refuses a text", async () => {
    const error = await caught(readPairs({ paths: ["a.txt"] }));
    expect(error).toBeInstanceOf(UsageError);
  });

  // Counts and the first pair as in the corpus's own description, see multi30k/SOURCE.txt.
  it.each([
    ["train", 29_000],
    ["val", 1014],
    ["test_2016_flickr", 1000],
  ])("reads Multi30k %s", needsData(MULTI30K), async (split, count) => {
    const read = await readPairs({ paths: [`${MULTI30K}/${split}.de`, `${MULTI30K}/${split}.en`] });
    expect(read).toHaveLength(count);
  });
});

describe("texts", () => {
  it.each([
    ["one document", "a.txt", "one\n\ntwo\n", undefined, ["one\n\ntwo\n"]],
    [
      "JSON lines",
      "a.jsonl",
      '{"text":"one"}\n{"text":" "}\n{"text":"two"}',
      undefined,
      ["one", "two"],
    ],
    ["a named column", "a.jsonl", '{"text":"one","body":"two"}', "body", ["two"]],
    ["a column of a table", "a.csv", 'id,text\n1,"one\r\ntwo"\n2,\n', undefined, ["one\r\ntwo"]],
    ["a document with returns", "a.txt", "one\r\n\r\ntwo\r\n", undefined, ["one\n\ntwo\n"]],
  ])("reads %s", async (_, name, content, column, expected) => {
    const [path = ""] = await write({ [name]: content });
    expect(await readTexts(path, column)).toEqual(expected);
  });

  it.each([
    ["a table without a header line", "a.tsv", "a\tb\n", UsageError],
    ["a missing column", "a.jsonl", '{"body":"a"}\n', UsageError],
    ["blank text", "a.txt", "\n \n", FormatError],
    ["blank documents", "a.jsonl", '{"text":""}\n', FormatError],
  ])("refuses %s", async (_, name, content, expected) => {
    const [path = ""] = await write({ [name]: content });
    expect(await caught(readTexts(path))).toBeInstanceOf(expected);
  });
});
