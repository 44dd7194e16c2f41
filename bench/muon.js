/**
 * @file `npm run bench -- muon`: a step by Muon in FLORA's subspace, rank 96 of 768, beside a dense AdamW step, in turn; of a block of GPT-2
 * small (4 x 1024 tokens), and of the whole model (124 M parameters, 2 x 512 tokens).
 *
 *   node bench/main.js muon [--rounds 3]
 *
 * Each run is a process of its own, whose first step is left out; medians over rounds.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" } } });
const folder = mkdtempSync(join(tmpdir(), "flora-muon-"));
const train = join(folder, "text.txt");
writeFileSync(train, "the quick brown fox jumps over the lazy dog and the cat. ".repeat(4000));

const gpt2 = { n_embd: 768, n_head: 12, n_positions: 1024 };
const CASES = {
  block: { model: { ...gpt2, n_layer: 1 }, contextLength: 1024, microSteps: 4 },
  "124 M": {
    model: { ...gpt2, n_layer: 12, vocab_size: 50_257 },
    contextLength: 512,
    microSteps: 2,
  },
};
const METHODS = {
  "Muon, rank 96": { method: "flora", rank: 96, optimizer: "muon" },
  "Muon, columns": { method: "flora", rank: 96, optimizer: "muon", projection: "coordinates" },
  AdamW: { method: "dense", optimizer: "adamw", learningRate: 1e-4 },
};

try {
  for (const [name, sizes] of Object.entries(CASES)) compare(name, sizes);
} finally {
  rmSync(folder, { recursive: true });
}

function compare(name, sizes) {
  const runs = Object.keys(METHODS).map(() => []);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [i, method] of Object.values(METHODS).entries()) {
      runs[i].push(run({ train, batchSize: 1, steps: 3, ...sizes, ...method }));
    }
  }
  const secondsOf = (each) =>
    medianOf(
      each.flatMap(({ steps }) => steps.slice(1)),
      "seconds",
    );
  const reference = secondsOf(runs.at(-1));
  console.log(`\n${name.padEnd(16)} s a step  update s  of AdamW  peak MB  predicted`);
  for (const [i, method] of Object.keys(METHODS).entries()) {
    const seconds = secondsOf(runs[i]);
    const update = medianOf(
      runs[i].flatMap(({ steps }) => steps.slice(1)),
      "updateSeconds",
    );
    const cells = [
      seconds.toFixed(2).padStart(8),
      update.toFixed(3).padStart(8),
      (seconds / reference).toFixed(2).padStart(8),
      (medianOf(runs[i], "peakBytes") / 1e6).toFixed(0).padStart(7),
      (medianOf(runs[i], "predictedBytes") / 1e6).toFixed(0).padStart(9),
    ];
    console.log(`${method.padEnd(16)} ${cells.join("  ")}`);
  }
}

function run(options) {
  const program = fileURLToPath(new URL("story/run.js", import.meta.url));
  const config = { output: join(folder, "output"), overwrite: true, ...options };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, JSON.stringify({ config })],
    { encoding: "utf8", maxBuffer: 1e8 },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function medianOf(all, key) {
  const sorted = all.map((each) => each[key]).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
