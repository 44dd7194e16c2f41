/**
 * @file `npm run bench -- large`: models whose weights do not fit into memory, made from scratch in their shapes, train for a few steps with
 * weights on disk (`--low-memory`). What was predicted, the peak of the process, and the time of a step.
 *
 *   node bench/main.js large [--models 1.1B,7B] [--length 64] [--steps 2] [--rank 128] [--dtype bfloat16] [--in-memory] [--json]
 *
 * Every model trains in a process of its own. Nothing is saved; the weights lie in a file without a name on the disk of the working directory,
 * which 7 B parameters in bfloat16 take 13.5 GB of. `--in-memory` keeps them in memory, to compare.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { memoryEnvironment } from "../bin/memory-environment.js";
import { grammarPairs } from "../dist/data/index.js";
import { nodeHost } from "../dist/host/node.js";
import { cpuRuntime } from "../dist/runtime/node.js";
import { train } from "../dist/train/index.js";

/** TinyLlama's and Llama 2's. */
const MODELS = {
  "0.1B": [768, 2048, 12, 12, 4],
  "1.1B": [2048, 5632, 22, 32, 4],
  "7B": [4096, 11008, 32, 32, 32],
};

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "1.1B,7B" },
    length: { type: "string", default: "64" },
    steps: { type: "string", default: "2" },
    rank: { type: "string", default: "128" },
    dtype: { type: "string", default: "bfloat16" },
    optimizer: { type: "string" },
    "in-memory": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    child: { type: "boolean", default: false },
  },
});

if (values.child) console.log(JSON.stringify(await measured(values.models)));
else print(values.models.split(",").map(inChild));

function inChild(model) {
  const words = [...process.argv.slice(2), "--models", model, "--child"];
  const { stdout, status } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), ...words],
    {
      encoding: "utf8",
      env: { ...process.env, ...memoryEnvironment },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  if (status !== 0) throw new Error(`${model} failed`);
  return JSON.parse(stdout);
}

async function measured(name) {
  const [width, inner, layers, heads, groups] = MODELS[name];
  const run = train(
    {
      data: text(),
      model: {
        model_type: "llama",
        vocab_size: 32000,
        hidden_size: width,
        intermediate_size: inner,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: groups,
        max_position_embeddings: 2048,
        tie_word_embeddings: false,
      },
      contextLength: Number(values.length),
      batchSize: 1,
      rank: Number(values.rank),
      weightDtype: values.dtype,
      steps: Number(values.steps),
      evaluationBatches: 1,
      evaluateEvery: Number(values.steps),
      lowMemory: !values["in-memory"],
      ...(values.optimizer && { optimizer: values.optimizer }),
    },
    { host: nodeHost(), runtime: cpuRuntime() },
  );
  const result = {
    name,
    dtype: values.dtype,
    length: Number(values.length),
    stepSeconds: [],
    processorSeconds: [],
  };
  const begun = performance.now();
  let used = process.cpuUsage();
  const processorSeconds = () => {
    const { user, system } = process.cpuUsage(used);
    used = process.cpuUsage();
    return (user + system) / 1e6;
  };
  for await (const event of run) {
    if (event.type === "start") {
      result.parameters = event.parameterCount;
      result.startSeconds = (performance.now() - begun) / 1000;
      result.optimizer = event.config.optimizer;
    }
    if (event.type === "evaluation") {
      console.error(`${name}: held-out loss ${event.loss}`);
      processorSeconds();
    }
    if (event.type === "step") {
      const own = event.tokens / event.tokensPerSecond;
      console.error(`${name}: step ${event.step}, loss ${event.loss}, ${own.toFixed(0)} s`);
      result.stepSeconds.push(own);
      result.processorSeconds.push(processorSeconds());
    }
    if (event.type === "end") {
      result.memory = event.memory;
      result.outsideShare = event.overheadShare;
    }
  }
  return result;
}

/** Rows that fill a context. */
function text() {
  const lines = [];
  for (const { source, target } of grammarPairs(0)) {
    lines.push(`${source} ${target}`);
    if (lines.length === 400) break;
  }
  return [{ text: lines.join("\n") }];
}

function print(results) {
  if (values.json) return console.log(JSON.stringify(results, null, 2));
  const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
  const seconds = (all) => all.map((each) => each.toFixed(0)).join(", ");
  for (const { name, parameters, dtype, optimizer, memory, outsideShare, ...times } of results) {
    const { disk = 0, predictedTotal, measuredTotal, rows } = memory;
    console.log(
      `${name}: ${(parameters / 1e9).toFixed(2)} B parameters in ${dtype}, ${optimizer}, ${gigabytes(disk)} on disk`,
    );
    console.log(
      `  peak ${gigabytes(measuredTotal)}, predicted ${gigabytes(predictedTotal)}; a step ${seconds(times.stepSeconds)} s, ${(100 * outsideShare).toFixed(0)} % of it outside onnxruntime; of processors ${seconds(times.processorSeconds)} s`,
    );
    for (const { name: row, predicted } of rows) {
      console.log(`    ${row.padEnd(16)} ${gigabytes(predicted).padStart(9)}`);
    }
  }
}
