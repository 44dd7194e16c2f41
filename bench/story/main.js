/**
 * @file `npm run bench -- story`: what people do, timed. A model of SmolLM2-135M's shape is tuned on short rows of uneven lengths, the loss on
 * the answers, by dense AdamW, LoRA and FLORA; beside each, PyTorch (with peft) on the same batches, if a Python that has them is named.
 *
 *   node bench/story/main.js [--model DIR] [--rows FILE.jsonl] [--python PATH] [--only flora,lora] [--rounds 3] [--steps 3]
 *                            [--batch 4] [--micro 4] [--options recompute=cheap] [--json]
 *   node bench/story/main.js --grow [--json]
 *
 * Contestants take turns, each in a process of its own, of which the first step warms up and is left out. What is compared are
 * medians over rounds. Without `--model` the weights are random and the tokenizer knows 49,000 words; without `--rows` the rows
 * are translations of multi30k for a model that is given, where their folder is, and else made up, 43 tokens on average.
 *
 * `--grow` tells instead how the time of a FLORA step grows with the model, the tokens of a row, the rows of a batch and the
 * vocabulary, each by itself, and where it stops being proportional to the operations.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { input } from "../../dist/graph/index.js";
import { compile } from "../../dist/onnx/index.js";
import { matmul } from "../../dist/ops/index.js";
import { cpuRuntime } from "../../dist/runtime/node.js";
import { FIELDS, writeEvenRows, writeRows, writeTokenizer, writeTranslations } from "./inputs.js";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    rows: { type: "string" },
    python: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "3" },
    batch: { type: "string", default: "4" },
    micro: { type: "string", default: "4" },
    options: { type: "string", default: "" },
    grow: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const TRANSLATIONS = "../shared/data/multi30k";

const METHODS = {
  dense: { method: "dense", optimizer: "adamw", learningRate: 1e-4 },
  lora: { method: "lora", rank: 8, optimizer: "adamw", learningRate: 1e-3 },
  "lora int8": {
    method: "lora",
    rank: 8,
    optimizer: "adamw",
    learningRate: 1e-3,
    baseDtype: "int8",
    compute: "int8",
    recompute: "none",
  },
  flora: { method: "flora", rank: 8, optimizer: "adafactor", learningRate: 1e-3 },
};
/** What PyTorch runs beside them; FLORA, and a base in int8, have the peer of what they stand for. */
const PEERS = { dense: "dense", lora: "lora", "lora int8": "lora", flora: "dense" };

const folder = mkdtempSync(join(tmpdir(), "flora-story-"));

async function story() {
  const isChat = values.model !== undefined;
  const train = values.rows ?? rowsFor(join(folder, "rows.jsonl"), isChat);
  const common = {
    model: values.model ?? writeModel(train),
    train,
    batchSize: Number(values.batch),
    microSteps: Number(values.micro),
    steps: Number(values.steps) + 1,
    ...optionsOf(values.options),
  };
  const wanted = values.only?.split(",") ?? Object.keys(METHODS);
  const contestants = wanted.flatMap((name) => {
    const output = join(folder, name);
    mkdirSync(output, { recursive: true });
    const config = { ...common, ...METHODS[name], output };
    const batches = join(output, "batches.json");
    const own = { name: `flora ${name}`, run: () => flora({ config, batches }) };
    const peer = {
      name: `torch ${name}`,
      run: () => torch({ ...config, batches, method: name }),
    };
    return values.python && PEERS[name] === name ? [own, peer] : [own];
  });
  const measured = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const { name, run } of contestants) measured.get(name).push(run());
  }
  const secondsOf = productTimer();
  const table = [];
  for (const [name, runs] of measured) {
    table.push({ ...summary(name, runs), alone: await shareAlone(runs, secondsOf) });
  }
  if (values.json) console.log(JSON.stringify(table, null, 2));
  else print(table, await productRate());
}

/** The share of a run's time that its products take when each is computed by itself, again and again: what is left is everything else. */
async function shareAlone(runs, secondsOf) {
  const [{ products, steps }] = runs;
  if (!products) return undefined;
  let alone = 0;
  for (const [shape, times] of products) alone += times * (await secondsOf(shape));
  const perStep = median(runs.flatMap((run) => run.steps.slice(1).map(({ seconds }) => seconds)));
  return alone / (perStep * steps.length);
}

/** Seconds of a product of a shape by itself, measured once. */
function productTimer() {
  const known = new Map();
  const runtime = cpuRuntime();
  return async (shape) => {
    if (known.has(shape)) return known.get(shape);
    const [rows, inner, columns] = shape.split(",").map(Number);
    const sizes = { a: [rows, inner], b: [inner, columns], y: [rows, columns] };
    const program = compile({
      y: matmul(input("a", "float32", sizes.a), input("b", "float32", sizes.b)),
    });
    const executable = await runtime.load(program);
    const [a, b, y] = Object.values(sizes).map((size) => runtime.allocate("float32", size));
    for (const each of [a, b]) each.write((numbers) => numbers.fill(0.5));
    const times = [];
    // As many as make a hundredth of a second, so that small ones are not the clock's.
    const repeats = Math.max(1, Math.ceil(1e9 / Math.max(1, program.operations)));
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      for (let i = 0; i < Math.min(repeats, 100); i += 1) await executable.run({ a, b }, { y });
      times.push((performance.now() - start) / 1e3 / Math.min(repeats, 100));
    }
    known.set(shape, median(times));
    return known.get(shape);
  };
}

/** GFLOP/s of onnxruntime's own product of two matrices with 2048 rows; last, since it takes memory. */
async function productRate() {
  const side = 2048;
  const [a, b] = ["a", "b"].map((name) => input(name, "float32", [side, side]));
  const program = compile({ y: matmul(a, b) });
  const runtime = cpuRuntime();
  const executable = await runtime.load(program);
  const buffer = () => {
    const made = runtime.allocate("float32", [side, side]);
    made.write((elements) => elements.forEach((_, i) => (elements[i] = Math.sin(i))));
    return made;
  };
  const [feeds, fetches] = [{ a: buffer(), b: buffer() }, { y: buffer() }];
  const times = [];
  for (let round = 0; round < 7; round += 1) {
    const start = performance.now();
    await executable.run(feeds, fetches);
    times.push(performance.now() - start);
  }
  return program.operations / 1e6 / median(times);
}

/** Translations for a model that knows language, where there are any; else made up. */
function rowsFor(path, isChat) {
  if (isChat && existsSync(TRANSLATIONS)) return writeTranslations(path, TRANSLATIONS);
  return writeRows(path, { isChat });
}

/** What grows, from the smallest to the largest; the rest is that of the second model. */
const SIZES = [
  { hidden_size: 192, intermediate_size: 512, num_hidden_layers: 6, num_attention_heads: 3 },
  { hidden_size: 384, intermediate_size: 1024, num_hidden_layers: 12, num_attention_heads: 6 },
  { hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, num_attention_heads: 9 },
  { hidden_size: 960, intermediate_size: 2560, num_hidden_layers: 32, num_attention_heads: 15 },
];
const GROWTH = {
  width: SIZES.map((size) => [size.hidden_size, { size }]),
  tokens: [32, 128, 512, 2048].map((length) => [length, { length }]),
  rows: [1, 4, 16, 64].map((batch) => [batch, { batch }]),
  vocabulary: [1000, 8000, 49152, 150000].map((vocabulary) => [vocabulary, { vocabulary }]),
};

async function growth() {
  const rate = await productRate();
  const table = Object.entries(GROWTH).flatMap(([what, points]) => {
    const rows = points.map(([value, point]) => ({
      what,
      value,
      ...growthPoint(point),
    }));
    const best = Math.max(...rows.map(({ gflopsPerSecond }) => gflopsPerSecond));
    return rows.map((row) => ({ ...row, isProportional: row.gflopsPerSecond > 0.7 * best }));
  });
  if (values.json) console.log(JSON.stringify(table, null, 2));
  else {
    for (const row of table) {
      const { what, value, tokensPerSecond, gflopsPerSecond, peakBytes, isProportional } = row;
      console.log(
        `${what.padEnd(12)}${Number(value).toFixed(0).padStart(10)}${tokensPerSecond.toFixed(0).padStart(9)} tokens/s` +
          `${gflopsPerSecond.toFixed(0).padStart(6)} GFLOP/s${(gflopsPerSecond / rate).toFixed(2).padStart(6)} of MatMul` +
          `${(peakBytes / 1e6).toFixed(0).padStart(7)} MB${isProportional ? "" : "  not proportional"}`,
      );
    }
  }
}

function growthPoint({ size = SIZES[1], length = 64, batch = 4, vocabulary = 8000 }) {
  const heads = size.num_attention_heads;
  const model = { ...FIELDS, ...size, num_key_value_heads: heads / 3, vocab_size: vocabulary };
  const tokenizer = writeTokenizer(join(folder, `words-${vocabulary}`), vocabulary);
  const shape = { count: 6 * batch, length, vocabulary };
  const train = writeEvenRows(join(folder, "even.jsonl"), shape);
  const config = {
    model,
    tokenizer,
    train,
    batchSize: batch,
    microSteps: 1,
    steps: 4,
    holdout: 0.1,
  };
  const output = join(folder, "growth");
  return summary("flora", [
    flora({ config: { ...config, ...METHODS.flora, output, overwrite: true } }),
  ]);
}

/** A directory with SmolLM2-135M's shape and weights as a run from scratch draws them. */
function writeModel(train) {
  const output = join(folder, "model");
  const tokenizer = writeTokenizer(join(folder, "tokenizer"));
  flora({ config: { model: FIELDS, tokenizer, train, output, steps: 1 }, save: true });
  return output;
}

/** More options of all runs: recompute=cheap,threads=1. */
function optionsOf(text) {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value] = pair.split("=");
      return [name, /^(true|false|[\d.e+-]+)$/.test(value) ? JSON.parse(value) : value];
    }),
  );
}

function flora(request) {
  const path = fileURLToPath(new URL("run.js", import.meta.url));
  return child(process.execPath, [path, JSON.stringify(request)]);
}

function torch(config) {
  const path = fileURLToPath(new URL("peer.py", import.meta.url));
  return child(values.python, [path, JSON.stringify(config)]);
}

function child(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return stdout === "" ? undefined : JSON.parse(stdout.trim().split("\n").at(-1));
}

function summary(name, runs) {
  const steps = runs.flatMap((run) => run.steps.slice(1));
  const of = (key) => median(steps.map((step) => step[key]));
  return {
    name,
    tokensPerSecond: median(steps.map(({ tokens, seconds }) => tokens / seconds)),
    tokensPerCpuSecond: median(steps.map(({ tokens, cpuSeconds }) => tokens / cpuSeconds)),
    seconds: of("seconds"),
    updateSeconds: of("updateSeconds"),
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    predictedBytes: runs[0].predictedBytes,
    losses: runs[0].steps.map(({ loss }) => loss),
    gflopsPerSecond: median(steps.map(({ operations, seconds }) => operations / seconds / 1e9)),
    recompute: runs[0].recompute,
    padding: runs[0].padding,
    head: runs[0].head,
    outside: median(runs.map(({ outside }) => outside)),
  };
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print(table, rate) {
  const number = (value, digits = 0) =>
    value === undefined || value === null || Number.isNaN(value) ? "-" : value.toFixed(digits);
  const columns = [
    ["", ({ name }) => name],
    ["tokens/s", (row) => number(row.tokensPerSecond, 1)],
    ["per CPU s", (row) => number(row.tokensPerCpuSecond, 1)],
    ["of torch", (row) => number(peerOf(table, row)?.tokensPerSecond / row.tokensPerSecond, 2)],
    ["peak MB", (row) => number(row.peakBytes / 1e6)],
    ["predicted", (row) => number(row.predictedBytes / 1e6)],
    ["loss", (row) => row.losses.at(-1).toFixed(4)],
    ["update s", (row) => number(row.updateSeconds, 2)],
    ["GFLOP/s", (row) => number(row.gflopsPerSecond)],
    ["of MatMul", (row) => number(row.gflopsPerSecond / rate, 2)],
    ["padding", (row) => number(100 * row.padding, 0)],
    ["head", (row) => number(100 * row.head, 0)],
    ["outside", (row) => number(100 * row.outside, 1)],
    ["alone", (row) => number(100 * row.alone, 0)],
    [
      "limit",
      (row) => number((peerOf(table, row)?.tokensPerSecond / row.tokensPerSecond) * row.alone, 2),
    ],
    ["recompute", ({ recompute }) => recompute ?? "-"],
  ];
  const cells = [columns.map(([title]) => title)].concat(
    table.map((row) => columns.map(([, cell]) => cell(row))),
  );
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  for (const row of cells) {
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  "),
    );
  }
  console.log(
    "\nof torch: time over PyTorch's, per token; padding, head, outside onnxruntime: per cent of rows, operations, time" +
      "\nalone: per cent of the time that its products take by themselves; limit: of torch, if nothing else took time",
  );
}

const peerOf = (table, { name }) =>
  table.find((row) => row.name === `torch ${PEERS[name.replace(/^flora /, "")]}`);

try {
  await (values.grow ? growth() : story());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
