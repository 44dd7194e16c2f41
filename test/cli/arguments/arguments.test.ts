import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteWords, splitArguments } from "../../../src/cli/arguments/arguments.ts";
import type { Option } from "../../../src/options/tables/option.ts";
import { spelledFailure } from "../support.ts";

const find = (key: string): Pick<Option, "kind" | "repeats"> | undefined => {
  if (key === "overwrite" || key === "dryRun") return { kind: "flag" };
  if (key === "noRank" || key === "zzz") return undefined;
  return key === "stop" ? { kind: "text", repeats: true } : { kind: "text" };
};
const split = (...words: string[]) => {
  const { positionals, options, lists } = splitArguments(words, find);
  return { positionals, options: Object.fromEntries([...options, ...lists]) };
};

describe("splitArguments", () => {
  it.each<[string[], Record<string, string | boolean | string[]>, string[]]>([
    [["a.yaml", "--rank", "4"], { rank: "4" }, ["a.yaml"]],
    [["--rank=4", "b"], { rank: "4" }, ["b"]],
    [["--batch-size", "4"], { batchSize: "4" }, []],
    [["--batchSize=4"], { batchSize: "4" }, []],
    [["--suffix="], { suffix: "" }, []],
    [["--suffix=a=b"], { suffix: "a=b" }, []],
    [["--suffix=a\nb"], { suffix: "a\nb" }, []],
    [["--momentum", "-0.5"], { momentum: "-0.5" }, []],
    [["--prompt", "-"], { prompt: "-" }, []],
    [["--model.n_embd", "64", "--model.a-b=1"], { "model.n_embd": "64", "model.a-b": "1" }, []],
    [["--overwrite", "a"], { overwrite: true }, ["a"]],
    [["--overwrite", "false"], { overwrite: false }, []],
    [["--overwrite=false"], { overwrite: false }, []],
    [["--overwrite=maybe"], { overwrite: "maybe" }, []],
    [["--no-dry-run"], { dryRun: false }, []],
    [["--overwrite", "--", "false"], { overwrite: true }, ["false"]],
    [["--stop", "a", "--stop=--b", "--stop", "-"], { stop: ["a", "--b", "-"] }, []],
    [["--prompt=--zzz"], { prompt: "--zzz" }, []],
    [["--rank", "4", "--", "--seed", "-x"], { rank: "4" }, ["--seed", "-x"]],
  ])("reads %j", (words, options, positionals) => {
    expect(split(...words)).toEqual({ positionals, options });
  });

  it.each([
    [["--rank"], "--rank: needs a value"],
    [["--rank", "--seed", "1"], "--rank: needs a value"],
    [["--rank", "4", "--rank=4"], "--rank: given twice"],
    [["--batch-size", "4", "--batchSize", "4"], "--batchSize: given twice"],
    [["--overwrite", "--no-overwrite"], "--no-overwrite: given twice"],
    [["--no-overwrite=true"], "--no-overwrite: takes no value; got true"],
    [["--no-rank"], "--no-rank: no such option"],
    [["--zzz", "4"], "--zzz: no such option"],
    [["-r", "4"], "-r: no such option"],
    [["-rank"], "-rank: no such option"],
  ])("refuses %j", async (words, message) => {
    expect(await spelledFailure(() => split(...words))).toMatchObject({ message });
  });
});

it("quotes words so that a shell reads them back", () => {
  expect(quoteWords(["a", "it's $x", "a\n", ""])).toBe(String.raw`a 'it'\''s $x' $'a\n' ''`);
  const script = 'printf "%s\\0" ';
  const word = fc.string({ unit: fc.constantFrom("a", "'", '"', "\\", "$", " ", "\n", "\t", "!") });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const said = execFileSync("bash", ["-c", script + quoteWords(words)], { encoding: "utf8" });
      expect(said.split("\0").slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});
