/**
 * @file The best learning rate of each method and optimizer, from scratch and in fine-tuning: short runs at half-decades around a guess,
 * until both neighbours of the best are worse. The usual rates of optimizers (`usualRates`) are read from its output.
 *
 *   node bench/rates.js [--data ../shared/data] [--large DIR] [--output runs/rates] [--only 260K,small] [--table]
 *
 * Three sets of data (plays, pairs, abstracts with their summaries); two sizes of GPT-2 from scratch (0.1 and 1.2 million parameters in blocks);
 * fine-tuning begins with trained checkpoints: stories260K, whose tokenizer.json is expected in OUTPUT/stories, and a large one, as
 * SmolLM2-135M. Each run is a line of `rates.jsonl`, and is not done again.
 */

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { train } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data" },
    output: { type: "string", default: "runs/rates" },
    steps: { type: "string", default: "100" },
    large: { type: "string" },
    only: { type: "string" },
    table: { type: "boolean", default: false },
  },
});
const folder = resolve(values.output);
mkdirSync(folder, { recursive: true });
const log = join(folder, "rates.jsonl");
const done = existsSync(log)
  ? readFileSync(log, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];

const SIZES = {
  small: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
  medium: { n_embd: 160, n_layer: 4, n_head: 4, n_positions: 192 },
};
/** Trained checkpoints: what fine-tuning begins with. */
const TRAINED = { "260K": "checkpoints/stories260K_hf", "135M": values.large };
const RANK = { small: 16, medium: 40, "260K": 16, "135M": 128 };
/** The large model is slow: fewer methods, and shorter runs. */
const LARGE = new Set(["flora adafactor", "lora adamw", "dense adamw"]);
const METHODS = [
  { method: "dense", optimizer: "adafactor", scratch: 3e-2, tuned: 3e-3 },
  { method: "flora", optimizer: "adafactor", scratch: 3e-2, tuned: 3e-3 },
  { method: "lora", optimizer: "adamw", scratch: 3e-3, tuned: 3e-3 },
  { method: "dense", optimizer: "adamw", scratch: 3e-3, tuned: 3e-4 },
  { method: "flora", optimizer: "adamw", scratch: 3e-3, tuned: 3e-4 },
  { method: "lora", optimizer: "adafactor", scratch: 3e-2, tuned: 3e-2 },
  { method: "flora", optimizer: "muon", scratch: 3e-2, tuned: 1e-2 },
  { method: "dense", optimizer: "muon", scratch: 3e-2, tuned: 3e-3 },
  { method: "dense", optimizer: "sgd", scratch: 3e-1, tuned: 9e-2 },
];

const inFolder = (name, text) => {
  const path = join(folder, name);
  if (!existsSync(path)) writeFileSync(path, text);
  return path;
};
const data = (name) => join(resolve(values.data), name);
const lines = (name) => readFileSync(data(name), "utf8").split("\n").filter(Boolean);
const summaries = (name, count) =>
  lines(name)
    .slice(0, count)
    .map((line) => JSON.parse(line))
    .map(({ source, target }) =>
      JSON.stringify({ source: source[0].slice(0, 160), target: [target].flat()[0] }),
    )
    .join("\n");

function datasets() {
  const play = readFileSync(data("tinyshakespeare/input.txt"), "utf8");
  return {
    plays: {
      data: inFolder("play.txt", play.slice(0, 400_000)),
      validation: inFolder("play-held.txt", play.slice(-40_000)),
    },
    pairs: {
      data: [
        inFolder("train.de", lines("multi30k/train.de").slice(0, 6000).join("\n")),
        inFolder("train.en", lines("multi30k/train.en").slice(0, 6000).join("\n")),
      ],
      validation: [
        inFolder("val.de", lines("multi30k/val.de").slice(0, 300).join("\n")),
        inFolder("val.en", lines("multi30k/val.en").slice(0, 300).join("\n")),
      ],
    },
    summaries: {
      data: inFolder("summaries.jsonl", summaries("scitldr/train.jsonl", 1900)),
      validation: inFolder("summaries-held.jsonl", summaries("scitldr/dev.jsonl", 300)),
    },
  };
}

async function heldOutLoss(options) {
  let last;
  let reason = "finished";
  const run = train({
    contextLength: 96,
    batchSize: 8,
    tooLong: "truncate",
    translations: 0,
    evaluationBatches: 12,
    threads: 1,
    schedule: "cosine",
    recompute: "none",
    ...options,
  });
  for await (const event of run) {
    if (event.type === "evaluation") last = event;
    if (event.type === "end") reason = event.reason;
  }
  if (reason === "finished") {
    const result = await run.result();
    await result.dispose();
  }
  return reason === "finished" ? last.loss : Infinity;
}

const round = (rate) => Number(rate.toPrecision(1));
const half = Math.sqrt(10);
const sameCell = (a, b) =>
  ["task", "data", "size", "method", "optimizer"].every((key) => a[key] === b[key]);

/** Losses of a cell by rate, until the best has a worse one on either side. */
async function sweep(cell, guess, options) {
  const losses = new Map(
    done.filter((line) => sameCell(line, cell)).map(({ rate, loss }) => [rate, loss ?? Infinity]),
  );
  const lossAt = async (rate) => {
    if (!losses.has(rate)) {
      const loss = await heldOutLoss({ ...options, learningRate: rate });
      losses.set(rate, loss);
      const line = { ...cell, rate, loss: Number.isFinite(loss) ? loss : null };
      done.push(line);
      appendFileSync(log, `${JSON.stringify(line)}\n`);
    }
    return losses.get(rate);
  };
  let best = round(guess);
  await lossAt(best);
  for (const factor of [half, 1 / half]) {
    for (let rate = round(best * factor); (await lossAt(rate)) < losses.get(best);) {
      best = rate;
      rate = round(best * factor);
    }
  }
  return best;
}

const steps = Number(values.steps);
const cells = [];
for (const { method, optimizer, scratch, tuned } of METHODS) {
  for (const set of ["plays", "pairs", "summaries"]) {
    for (const size of Object.keys(TRAINED)) {
      if (size === "135M" && !LARGE.has(`${method} ${optimizer}`)) continue;
      cells.push({ task: "tuned", data: set, size, method, optimizer, guess: tuned });
    }
    for (const size of Object.keys(SIZES)) {
      cells.push({ task: "scratch", data: set, size, method, optimizer, guess: scratch });
    }
  }
}
if (!values.table) {
  const sets = datasets();
  const order = values.only?.split(",") ?? ["260K", "small", "medium", "135M"];
  for (const size of order) {
    for (const { guess, ...cell } of cells.filter((each) => each.size === size)) {
      if (cell.task === "tuned" && TRAINED[size] === undefined) continue;
      const isLarge = size === "135M";
      const length = isLarge ? 12 : steps;
      const best = await sweep(cell, guess, {
        ...sets[cell.data],
        contextLength: cell.data === "summaries" ? 192 : 96,
        tooLong: cell.data === "plays" ? "refuse" : "drop",
        ...(cell.task === "tuned"
          ? { model: resolve(values.data, TRAINED[size]) }
          : { model: SIZES[size], tokenizer: "bpe:2000" }),
        ...(size === "260K" && { tokenizer: join(folder, "stories") }),
        method: cell.method,
        optimizer: cell.optimizer,
        rank: cell.method === "flora" ? RANK[size] : 8,
        steps: length,
        warmupSteps: Math.ceil(length / 20),
        evaluateEvery: length,
        ...(isLarge && { batchSize: 4, evaluationBatches: 6, threads: 2, recompute: "all" }),
      });
      console.log(`${Object.values(cell).join(" ")}: ${best}`);
    }
  }
}

console.log("| task | method | optimizer | data | size | losses by rate |");
for (const { guess: _, ...cell } of cells) {
  const all = done.filter((line) => sameCell(line, cell)).toSorted((a, b) => a.rate - b.rate);
  if (all.length === 0) continue;
  const losses = all.map(({ rate, loss }) => `${rate}: ${loss?.toFixed(3) ?? "diverged"}`);
  console.log(`| ${Object.values(cell).join(" | ")} | ${losses.join(", ")} |`);
}
