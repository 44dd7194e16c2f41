import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRunConfig, readRunOptions } from "../../../src/cli/arguments/run-config.ts";
import { spelledFailure } from "../support.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-cli-"));
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const read = async (...words: string[]) => (await readRunConfig(words)).config;

describe("readRunConfig", () => {
  it.each<[string[], object]>([
    [["--rank", "4", "--learning-rate=1e-3"], { rank: 4, learningRate: 1e-3 }],
    [["--learning-rate", ".5"], { learningRate: 0.5 }],
    [["--no-compress-moments", "--overwrite"], { compressMoments: false, overwrite: true }],
    [["--train", "de.txt,en.txt"], { train: ["de.txt", "en.txt"] }],
    [["--train", "book.txt"], { train: ["book.txt"] }],
    [["--train", "-"], { train: ["-"] }],
    [["--mix", "3,0.5"], { mix: [3, 0.5] }],
    [["--mix", "3"], { mix: [3] }],
    [["--train", "logs/{a,b}/*.jsonl,c.jsonl"], { train: ["logs/{a,b}/*.jsonl", "c.jsonl"] }],
    [["--exclude", ""], { exclude: [] }],
    [["--include", "h.*,wte.*"], { include: ["h.*", "wte.*"] }],
    [["--output", "7"], { output: "7" }],
    [["--prefix", "true"], { prefix: "true" }],
    [["--model", "gpt2"], { model: "gpt2" }],
    [
      ["--model.n_embd", "64", "--model.n_inner=null", "--model.a.b", "x"],
      { model: { n_embd: 64, n_inner: null, a: { b: "x" } } },
    ],
    [
      ["--rank-pattern.mlp.c_proj", "2", "--rank-pattern.c_attn", "4"],
      { rankPattern: { "mlp.c_proj": 2, c_attn: 4 } },
    ],
  ])("reads %j", async (words, expected) => {
    expect(await read(...words)).toMatchObject(expected);
  });

  it.each([
    ["FOLDER/a,b.txt", ["FOLDER/a,b.txt"]],
    ["FOLDER/a,c.txt", ["FOLDER/a", "c.txt"]],
    ["a,b,c", ["a", "b", "c"]],
    [",", undefined],
  ])("finds in %j files with commas between, or in their names", async (word, expected) => {
    file("a,b.txt", "text");
    const there = (text: string) => text.replace("FOLDER", folder);
    const reading = read("--train", there(word), "--validation", there(word));
    if (!expected) return expect(reading).rejects.toThrow("a list of paths; got []");
    const paths = expected.map(there);
    expect(await reading).toMatchObject({ train: paths, validation: paths });
  });

  it("lets the command line win over the file, field by field", async () => {
    const path = file(
      "run.yaml",
      "# a comment\nrank: 8\nbatch-size: 2\nmodel:\n  n_embd: 32\n  n_layer: 3\n",
    );
    const config = await read(path, "--rank", "4", "--model.n_embd", "64");
    expect(config).toMatchObject({ rank: 4, batchSize: 2, model: { n_embd: 64, n_layer: 3 } });
  });

  it("keeps options of the command apart", async () => {
    const table = {
      json: { kind: "flag", help: "" },
      seeds: { kind: "integer", help: "" },
    } as const;
    const words = ["--json", "--rank", "4", "--seeds", "3"];
    const { config, own } = await readRunConfig(words, table);
    expect(own.flag("json")).toBe(true);
    expect(own.number("seeds")).toBe(3);
    expect(config).not.toHaveProperty("seeds");
    expect(config.rank).toBe(4);
    expect(await spelledFailure(() => readRunConfig(["--jsom"], table))).toMatchObject({
      hint: "did you mean --json?",
    });
  });

  it.each([
    [["--bach-size", "3"], "--bach-size: no such option", "did you mean --batch-size?"],
    [["--foo"], "--foo: no such option", "flora train --help lists them"],
    [
      ["--rank", "many"],
      '--rank: must be a whole number above 0 and at most 1000000; got "many"',
      undefined,
    ],
    [
      ["--rank", "0"],
      "--rank: must be a whole number above 0 and at most 1000000; got 0",
      undefined,
    ],
    [
      ["--rank", "0x10"],
      '--rank: must be a whole number above 0 and at most 1000000; got "0x10"',
      undefined,
    ],
    [
      ["--rank-pattern", "4"],
      "--rank-pattern: must be given by its fields; got 4",
      "for example --rank-pattern.c_attn 4",
    ],
    [["--overwrite=maybe"], '--overwrite: must be true or false; got "maybe"', undefined],
    [["--rank.x", "1"], "--rank.x: --rank has no fields", undefined],
    [["--model", "a", "--model.b", "1"], "--model: given whole and by its fields", undefined],
    [["--model.b", "1", "--model", "a"], "--model: given whole and by its fields", undefined],
    [
      ["a.yaml", "b.yaml"],
      "b.yaml: unexpected; the one file without an option is the YAML file",
      undefined,
    ],
    [
      ["--train", "a.jsonl", "b.jsonl"],
      "b.jsonl: options are read from a short file in YAML; got a file of data",
      "data is given by --train A,B, with commas between its files, or a glob in quotes",
    ],
    [
      ["--train", "a.txt", "b.txt.gz", "c.csv"],
      "c.csv: unexpected; the one file without an option is the YAML file",
      "data is given by --train A,B, with commas between its files, or a glob in quotes",
    ],
    [
      ["absent.yaml"],
      "absent.yaml: cannot read the options: no such file or directory",
      "the file without an option holds options in YAML; data is given by --train",
    ],
  ])("refuses %j", async (words, message, hint) => {
    expect(await spelledFailure(() => readRunConfig(words))).toEqual({ message, hint });
  });

  it("says all that is wrong, and where it was given", async () => {
    const path = file(
      "wrong.yaml",
      "# a run\nbatch-size: 0\nrank: 0\nstpes: 3\nrankPattern:\n  a: -1\n",
    );
    const words = [path, "--rank", "x", "--alpha-pattern.b", "0", "--rank-pattern.c", "0"];
    expect((await spelledFailure(() => readRunConfig(words))).message).toBe(
      [
        "6 options are wrong",
        '  --rank: must be a whole number above 0 and at most 1000000; got "x"',
        `  ${path}: line 6: rankPattern.a: must be a number above 0; got -1`,
        "  --rank-pattern.c: must be a number above 0; got 0",
        "  --alpha-pattern.b: must be a number above 0; got 0",
        `  ${path}: line 2: batchSize: must be a whole number above 0 and at most 1000000; got 0`,
        `  ${path}: line 4: stpes: no such option; did you mean --steps?`,
      ].join("\n"),
    );
  });

  it("takes the name of a dataset from the file and from the command line", async () => {
    const path = file("dataset.yaml", "dataset: some/data\n");
    expect(await readRunOptions([path, "--rank", "2"])).toMatchObject({
      options: { rank: 2 },
      dataset: "some/data",
    });
    expect(await readRunOptions([path, "--dataset", "other/data"])).toMatchObject({
      dataset: "other/data",
    });
  });

  it("refuses a file that is too long for options", async () => {
    const path = file("long.yaml", `# ${"x".repeat(1_500_000)}\n`);
    await expect(read(path)).rejects.toThrow(
      `${path}: options are read from a short file in YAML; got 1.5 MB`,
    );
  });

  it("refuses a file that is not UTF-8", async () => {
    const path = file("latin1.yaml", Uint8Array.of(0x72, 0x3a, 0x20, 0xe4));
    await expect(read(path)).rejects.toThrow(`${path}: not UTF-8`);
  });
});
