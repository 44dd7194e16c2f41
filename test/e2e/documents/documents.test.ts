/**
 * The commands that the documents show are run, in a directory that has small files and models under the names that they use, and with
 * few steps. What they print for the reader to go on with is run too.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { examplesOf } from "../../../src/data/index.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { INPUT_OPTIONS, OPTIONS } from "../../../src/options/option-table.ts";
import { asFlag } from "../../../src/options/tables/spelling.ts";
import { COMMANDS } from "../../../src/cli/main.ts";
import { type HubServer, startHubServer, WRITE_TOKEN } from "../../hub/server.ts";
import { fakeLaunch } from "../../lab/fake-launch.ts";
import { type CommandLine, commandLines, printedCommands } from "./command-lines.ts";
import { shortened } from "./shortened.ts";
import { type Ended, inTerminal } from "../../support/terminal.ts";
import { provide, writeFiles } from "./world.ts";

/** The runs of a comparison leave logs: test/e2e/compare.test.ts has runs that take place. The page of a run is looked at in test/browser. */
vi.mock("../../../src/cli/terminal/launch.ts", () => ({
  launchTrain: fakeLaunch().launch,
  launchWatch: () => Promise.resolve("http://127.0.0.1:8321/?token=0"),
}));

const READ = [
  "README.md",
  ...[
    "start",
    "recipes",
    "errors",
    "encoders",
    "adapters",
    "steering",
    "watching",
    "compare",
    "commands",
  ].map((name) => `docs/${name}.md`),
];
/** Measurements that took minutes to hours, on data that is no part of the repository: their options are looked up, and no more. */
const MEASURED = ["speed-and-memory", "quality", "theory"].map((name) => `docs/results/${name}.md`);

const NOT_RUN: Readonly<Record<string, string>> = {
  "flora train": "a minute: .ci/run and test/cli/commands/train.test.ts",
  "flora dynamics": "a minute: .ci/run and test/cli/commands/dynamics.test.ts",
  "flora dynamics --learning-rate 0.02 --rank 8 --steps 200": "the same",
  "flora dynamics --train book.txt --model gpt2/ --targets c_attn --rank 16": "the same",
  "flora doctor": "it measures the machine for seconds: .ci/run",
  "flora watch runs/demonstration": "it serves until it is stopped: test/browser/watch.js",
  "flora watch runs/book": "the same",
  "flora watch runs/t5 runs/lora": "the same",
  "flora watch runs/lora runs/flora --port 8321": "the same",
  "flora studio": "it serves until it is stopped: test/browser/studio.js",
  "flora studio --port 9000": "the same",
  "flora serve --model runs/assistant":
    "it serves until it is stopped: test/cli/models/serve.test.ts",
  "flora serve --model runs/mine": "the same",
  'flora serve --adapter runs/preferred --port 8000 --api-key "$FLORA_API_KEY" --host 0.0.0.0':
    "the same",
  "flora serve --adapter runs/lora --port 8000 --max-tokens 256": "the same",
  'flora serve --model HuggingFaceTB/SmolLM2-135M-Instruct --host 0.0.0.0 --api-key "$FLORA_API_KEY"':
    "the same",
  "flora init": "it asks in a terminal; the others name what it asks for",
  "flora train --train 'chats/*.parquet' --holdout 0.01 --model HuggingFaceTB/SmolLM2-135M-Instruct":
    "Parquet is written by nothing here: test/data/formats/parquet.test.ts",
};
/** Their model is made for the data. */
const SIZED = ["flora train --train book.txt --tokenizer bpe:2000 --minutes 10"];

const repository = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "flora-documents-"));
const read = (path: string) => commandLines(readFileSync(join(repository, path), "utf8"));
const bare = ({ text }: CommandLine) => text.replace(/^npx /, "");
const isShown = ({ shown }: CommandLine) => shown.some((line) => line.startsWith("flora: "));

let hub: HubServer | undefined;
beforeAll(async () => {
  hub = await startHubServer();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_TOKEN", WRITE_TOKEN);
  vi.stubEnv("HF_HOME", join(folder, "hub"));
  process.chdir(folder);
  await writeFiles();
});
afterAll(async () => {
  process.chdir(repository);
  rmSync(folder, { recursive: true, force: true });
  await hub?.close();
});

const ran = new Set<string>();

/** Runs a command as it is, or in short. */
async function perform(line: CommandLine, asItIs = false): Promise<Ended> {
  const names = line.words.filter((_, i) =>
    /^--(model|adapter|from|teacher)$/.test(line.words[i - 1] ?? ""),
  );
  for (const name of names) await provide(name);
  // What a command leaves is left by several of them.
  const output = line.words[line.words.indexOf("--output") + 1];
  if (asItIs) rmSync("runs/flora", { recursive: true, force: true });
  else if (/^(merge|export)$/.test(line.words[0] ?? "") && output !== undefined) {
    rmSync(output, { recursive: true, force: true });
  }
  const sized = SIZED.some((text) => bare(line).startsWith(text));
  const words = asItIs ? line.words : shortened(line.words, { sized });
  const [source, ...said] = line.source ?? [];
  const input = source === "echo" ? said.join(" ") : "Where does a hare live?";
  const ended = await inTerminal(words, `${input}\n`);
  if (line.target !== undefined) writeFileSync(line.target, ended.output);
  return ended;
}

/** With an image in place of dots. */
const filledIn = (words: readonly string[]): readonly string[] =>
  words.map((word, i) => (word === "..." && words[i - 1] === "--image" ? "one.png" : word));

/** What a command is, whatever it is given. */
const shapeOf = ({ words }: CommandLine): string =>
  words.filter((word, i) => i === 0 || word.startsWith("--")).join(" ");

const onAnyMachine = (text: string) =>
  text.replace(/got [\d.]+ [GT]B that/, "got what there is that");

/** Help has many examples, of which those are run that differ in more than names and numbers. */
const BY_SHAPE = "docs/commands.md";

const seen = new Set<string>();

describe.each(READ)("%s", (path) => {
  const lines = read(path).filter((line) => {
    const isNew =
      NOT_RUN[bare(line)] === undefined &&
      !seen.has(bare(line)) &&
      !(path === BY_SHAPE && seen.has(shapeOf(line)));
    seen.add(bare(line)).add(shapeOf(line));
    return isNew;
  });

  it.each(lines.filter((line) => !isShown(line)).map((line) => [line.text, line] as const))(
    "%s",
    async (_, line) => {
      const { exitCode, output, errors } = await perform(line);
      expect({ exitCode, errors: exitCode === 0 ? "" : errors }).toEqual({
        exitCode: 0,
        errors: "",
      });
      for (const printed of printedCommands(output)) {
        if (ran.has(shapeOf(printed))) continue;
        ran.add(shapeOf(printed));
        const next = await perform({ ...printed, words: filledIn(printed.words) });
        expect({ ...next, output: "" }).toEqual({ exitCode: 0, output: "", errors: "" });
      }
    },
  );

  it.each(lines.filter(isShown).map((line) => [line.text, line] as const))(
    "%s is refused as it says",
    async (_, line) => {
      const { exitCode, errors } = await perform(line, true);
      expect(onAnyMachine(errors)).toBe(onAnyMachine(line.shown.join("\n").trimEnd()));
      expect(exitCode).toBe(2);
    },
  );
});

it.each(MEASURED)("%s names options that there are", async (path) => {
  const shared = Object.keys({ ...INPUT_OPTIONS, ...OPTIONS });
  for (const { words } of read(path)) {
    const { help } = await (COMMANDS[words[0] ?? ""] ?? expect.fail(words[0]))();
    const known = [...shared, ...Object.keys(help.options ?? {})].map((name) => asFlag(name));
    const named = words.filter((word) => word.startsWith("--")).map((word) => word.split(".")[0]);
    expect(named.filter((name) => !known.includes(name ?? ""))).toEqual([]);
  }
});

it("leaves out what is still there", () => {
  const all = [...READ, ...MEASURED].flatMap(read).map(bare);
  expect(Object.keys(NOT_RUN).filter((text) => !all.includes(text))).toEqual([]);
});

it("reads the rows of docs/data.md as it says", async () => {
  const page = readFileSync(join(repository, "docs/data.md"), "utf8");
  const rows = [...page.matchAll(/^```(?:jsonl|tsv)\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  const kinds = rows.map(async (text, i) => {
    const path = `row-${i}.${text.startsWith("{") ? "jsonl" : "tsv"}`;
    writeFileSync(path, text);
    const columns = text.startsWith('{"translation"')
      ? { sourceColumn: "translation.de", targetColumn: "translation.en" }
      : {};
    const request = { files: nodeHost().files, input: [path], name: "train", columns };
    const kind = await examplesOf(request).kind();
    if (kind !== undefined) return kind;
    expect(await examplesOf(request).preferences()).toHaveLength(1);
    return "preferences";
  });
  expect(await Promise.all(kinds)).toEqual([
    "texts",
    ...Array.from({ length: 5 }, () => "pairs"),
    ...Array.from({ length: 4 }, () => "conversations"),
    // With a task: labelled texts.
    "texts",
    "pairs",
    // With the task preference.
    "preferences",
    "preferences",
    // With weights.
    "pairs",
  ]);
});
