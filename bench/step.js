/**
 * @file One training step of GPT-2 124 M, and what it takes: accumulation 8, rank 128, embeddings compressed too, Adafactor,
 * recomputation, batch 4 x 256. Prints JSON.
 *
 * The text comes from the built-in grammar in bytes; the vocabulary is GPT-2's, so that every matrix has its size.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grammarPairs } from "../dist/data/index.js";
import { parseConfig, train } from "../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "flora-bench-"));
const lines = [];
for (const { source, target } of grammarPairs(0)) {
  lines.push(`${source} ${target}`);
  if (lines.length === 4000) break;
}
writeFileSync(join(folder, "text.txt"), lines.join("\n"));

const config = parseConfig({
  train: join(folder, "text.txt"),
  output: join(folder, "out"),
  model: { vocab_size: 50257 },
  contextLength: 256,
  batchSize: 4,
  microSteps: 8,
  rank: 128,
  compressEmbeddings: true,
  optimizer: "adafactor",
  steps: 2,
  evaluateEvery: 1000,
  evaluationBatches: 1,
});

const result = {};
try {
  for await (const event of train(config)) {
    if (event.type === "start") {
      const sum = (of) => event.parameters.reduce((bytes, each) => bytes + of(each), 0);
      result.weights = sum(({ weightBytes }) => weightBytes);
      result.state = sum((each) => each.accumulatorBytes + each.optimizerBytes);
      // AdamW with dense accumulation: two moments and the accumulated gradient.
      result.stateShare = result.state / (3 * result.weights);
      result.predictedPeak = event.memory.predictedTotal;
    }
    if (event.type === "step") {
      result.stepSeconds = event.tokens / event.tokensPerSecond;
      result.gflopsPerSecond = event.gflopsPerSecond;
    }
    if (event.type === "end") {
      result.peak = event.memory.measuredTotal;
      result.peakMinusWeights = result.peak - result.weights;
      result.projectionShare = event.projectionShare;
      result.overheadShare = event.overheadShare;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(result, null, 2));
