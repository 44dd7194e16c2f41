/**
 * @file Some steps of a run, timed one by one; prints JSON. Its batches are written for peers to learn from the same ones.
 *
 *   node bench/story/run.js '{"config": {...}, "batches": PATH, "save": false}'
 *
 * With `save` the model as it begins goes to the output directory, and nothing else is done.
 */

import { writeFileSync } from "node:fs";
import { nodeHost } from "../../dist/host/node.js";
import { parseConfig } from "../../dist/index.js";
import { cpuRuntime } from "../../dist/runtime/node.js";
import { promiseMemory } from "../../dist/train/memory/promise.js";
import { gather, openRun } from "../../dist/train/setup/prepare.js";
import { openTrainer } from "../../dist/train/trainer.js";

const { config: options, batches, save } = JSON.parse(process.argv[2]);
const config = parseConfig({
  evaluateEvery: 1000,
  evaluationBatches: 1,
  samples: 0,
  schedule: "constant",
  warmupSteps: 0,
  ...options,
});
const runtime = cpuRuntime();
const parts = await gather(config, { host: nodeHost(), runtime });
const { table, recompute } = await promiseMemory(parts);
const run = await openRun({ ...parts, config: { ...parts.config, recompute } });
const trainer = await openTrainer(run);
if (save) {
  await trainer.saveModel();
  process.exit(0);
}

const { programs } = run.engine.parts;
const count = { operations: 0, head: 0 };
/** How often products of each shape were computed. */
const products = new Map();
const { run: runProgram } = programs;
programs.run = async (executable, feeds, fetches) => {
  const { operations, inputs } = executable.program;
  count.operations += operations;
  if (inputs.hidden) count.head += operations;
  for (const { rows: m, inner, columns, count: times } of executable.program.products) {
    const shape = [m, inner, columns].join();
    products.set(shape, (products.get(shape) ?? 0) + times);
  }
  await runProgram(executable, feeds, fetches);
};

const { microSteps } = run.config;
const seen = [];
const steps = [];
const rows = { all: 0, real: 0 };
for (let step = 0; step < trainer.totalSteps; step += 1) {
  const before = { ms: performance.now(), cpu: process.cpuUsage(), operations: count.operations };
  let tokens = 0;
  while (!trainer.isStepFull()) {
    const batch = run.data.training.batchAt(step * microSteps + trainer.position().microStep);
    seen.push(batch);
    rows.all += batch.inputs.ids.data.length;
    rows.real += batch.tokens;
    tokens += await trainer.microStep();
  }
  const updating = performance.now();
  const { loss } = await trainer.update();
  const { user, system } = process.cpuUsage(before.cpu);
  steps.push({
    tokens,
    loss,
    seconds: (performance.now() - before.ms) / 1e3,
    cpuSeconds: (user + system) / 1e6,
    updateSeconds: (performance.now() - updating) / 1e3,
    operations: count.operations - before.operations,
    onnxMs: runtime.elapsedMs(),
  });
}
const { maxRSS } = process.resourceUsage();
const between = (key) => steps.at(-1)[key] - steps[0][key];
const seconds = steps.slice(1).reduce((sum, step) => sum + step.seconds, 0);
if (batches) {
  const plain = seen.map(({ inputs, targets, weights, size }) => ({
    size,
    ids: [...inputs.ids.data],
    targets: [...targets],
    weights: [...weights],
  }));
  writeFileSync(batches, JSON.stringify(plain));
}
console.log(
  JSON.stringify({
    steps,
    peakBytes: maxRSS * 1024,
    predictedBytes: table.predictedTotal,
    recompute,
    products: [...products],
    padding: 1 - rows.real / rows.all,
    head: count.head / count.operations,
    outside: 1 - between("onnxMs") / 1e3 / seconds,
  }),
);
