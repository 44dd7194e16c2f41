/**
 * @file `npm run bench -- generate`: how long a text takes, from the command to its first token and from there on, beside transformers.
 *
 *   node bench/generate/main.js --model DIR [--python PATH] [--rounds 5] [--tokens 128] [--threads 2] [--json]
 *
 * The model as it is, and in bfloat16; greedy, keys and values kept, one prompt, on both sides. Contestants take turns, each in a process of
 * its own; medians. A process has its first token when the command has said it, or Python's streamer was told of it; "ready" counts
 * from when model and tokenizer are loaded. Tokens a second are those after the first. Where Python is not named, flora runs alone.
 *
 * A token needs every weight once, so that no program makes more tokens a second than memory gives them: the limit is how fast one row
 * is multiplied by matrices of the model's head, as many as there are bytes of weights, and nothing else is done.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    python: { type: "string" },
    rounds: { type: "string", default: "5" },
    tokens: { type: "string", default: "128" },
    threads: { type: "string", default: String(availableParallelism()) },
    json: { type: "boolean", default: false },
  },
});
if (values.model === undefined) throw new Error("generate: --model DIR is needed");

const PROMPT = "The capital of France is";
const FLORA = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "flora-generate-"));

try {
  const halves = join(folder, "bfloat16");
  const format = ["--format", "safetensors", "--dtype", "bf16"];
  run(process.execPath, [FLORA, "export", "--model", values.model, "--output", halves, ...format]);
  const contestants = [
    ["as it is", values.model],
    ["bfloat16", halves],
  ].flatMap(([weights, model]) => [
    { name: "flora", weights, take: () => flora(model) },
    ...(values.python ? [{ name: "transformers", weights, take: () => peer(model) }] : []),
  ]);
  for (const each of contestants) each.rounds = [];
  for (let round = -1; round < Number(values.rounds); round += 1) {
    for (const each of contestants) {
      const taken = each.take();
      // The first one brings files into memory.
      if (round >= 0) each.rounds.push(taken);
    }
  }
  const rows = contestants.map(({ name, weights, rounds }) => ({
    name,
    weights,
    tokens: rounds[0].tokens,
    ...Object.fromEntries(
      Object.keys(rounds[0])
        .filter((key) => key !== "tokens")
        .map((key) => [key, medianOf(rounds.map((round) => round[key]))]),
    ),
  }));
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else print(rows);
} finally {
  rmSync(folder, { recursive: true });
}

function flora(model) {
  const { threads, tokens } = values;
  const words = ["generate", "--model", model, "--prompt", PROMPT, "--threads", threads];
  const start = Date.now();
  run(process.execPath, [FLORA, ...words, "--max-new-tokens", "1"]);
  const commandMs = Date.now() - start;
  const inside = { model, prompt: PROMPT, tokens: Number(tokens), threads: Number(threads) };
  return {
    commandMs,
    ...JSON.parse(run(process.execPath, [here("run.js"), JSON.stringify(inside)])),
  };
}

function peer(model) {
  const { threads, tokens, python } = values;
  const inside = { model, prompt: PROMPT, tokens: Number(tokens), threads: Number(threads) };
  const start = Date.now();
  const { firstAt, ...taken } = JSON.parse(run(python, [here("peer.py"), JSON.stringify(inside)]));
  return { commandMs: firstAt - start, ...taken };
}

/** What a program says on standard output. */
function run(program, words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words[0]}: ${stderr}`);
  return stdout;
}

function medianOf(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function print(rows) {
  console.log(`${values.tokens} tokens, ${values.threads} threads, medians of ${values.rounds}\n`);
  const columns = [
    ["weights", ({ weights }) => weights],
    ["", ({ name }) => name],
    ["first token, s", ({ commandMs }) => (commandMs / 1000).toFixed(2)],
    ["ready: first, ms", ({ firstMs }) => firstMs.toFixed(0)],
    ["tokens/s", ({ tokensPerSecond }) => tokensPerSecond.toFixed(1)],
    ["a second of processor time", ({ tokensPerCpuSecond }) => tokensPerCpuSecond.toFixed(1)],
    ["peak, MB", ({ peakBytes }) => (peakBytes / 1e6).toFixed(0)],
    ["limit", ({ limit }) => limit?.toFixed(1) ?? ""],
    ["same tokens", (row) => (row.name === "flora" ? "" : sameAs(row, rows))],
  ];
  console.log(`| ${columns.map(([title]) => title).join(" | ")} |`);
  console.log(`|${columns.map(() => " --- |").join("")}`);
  for (const row of rows) console.log(`| ${columns.map(([, cell]) => cell(row)).join(" | ")} |`);
}

/** How many tokens are those of flora before one is another. */
function sameAs({ tokens, weights }, rows) {
  const other = rows.find((row) => row.name === "flora" && row.weights === weights);
  const first = tokens.findIndex((token, i) => token !== other.tokens[i]);
  return first < 0 ? "all" : `${first}`;
}
