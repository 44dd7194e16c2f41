/**
 * @file `npm run bench`: speed and memory against onnxruntime's own matrix product, against dense training, and against peers.
 *
 *   node bench/main.js [--json] [--runs 9] [--peers] [--no-step] [--no-memory]
 *   node bench/main.js story [...]        what people do, timed: story/main.js has the options
 *   node bench/main.js generate [...]     texts, timed: generate/main.js has the options
 *   node bench/main.js ranks [...]        what ranks exchange: ranks/main.js has the options
 *   node bench/main.js large [...]        weights that lie on disk: large.js has the options
 *   node bench/main.js load [...]         what passes before a first step: load.js has the options
 *   node bench/main.js muon [...]         a step of Muon in the subspace beside one of AdamW
 *   node bench/main.js browser [...]      a run in a tab beside the same in Node: browser.js has the options
 *   node bench/main.js int8-weights [...] training with weights in int8
 *
 * Rows that are compared alternate in one process, after a warm-up, and are quoted by their medians. The whole training step
 * and the peers run in processes of their own, so that their memory is theirs alone; so do the twenty configurations of memory.js, whose
 * prediction is compared with what they take. `--peers` needs `npm ci` in bench/.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { memoryEnvironment } from "../bin/memory-environment.js";
import { vjp } from "../dist/autodiff/index.js";
import { input } from "../dist/graph/index.js";
import { gpt2 } from "../dist/models/index.js";
import { compile } from "../dist/onnx/index.js";
import { matmul } from "../dist/ops/index.js";
import { cpuRuntime } from "../dist/runtime/node.js";
import { parseConfig } from "../dist/train/index.js";
import { traineeOf } from "../dist/train/setup/method.js";
import { accumulateInto } from "../dist/engine/parts/accumulate.js";

const OTHERS = {
  story: "./story/main.js",
  generate: "./generate/main.js",
  ranks: "./ranks/main.js",
  large: "./large.js",
  load: "./load.js",
  muon: "./muon.js",
  browser: "./browser.js",
  "int8-weights": "./int8-weights.js",
};
const other = OTHERS[process.argv[2]];
if (other !== undefined) {
  process.argv.splice(2, 1);
  await import(other);
  process.exit();
}

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "15" },
    peers: { type: "boolean", default: false },
    "no-step": { type: "boolean", default: false },
    "no-memory": { type: "boolean", default: false },
  },
});
const runs = Number(options.runs);
const [batch, length, width, side] = [4, 256, 768, 2048];

// First: a process begins with the peak of the one that starts it.
const step = options["no-step"]
  ? undefined
  : child("step.js", { env: { ...process.env, ...memoryEnvironment } });
const memory = options["no-memory"] ? undefined : child("memory.js", { args: ["--json"] });

const model = gpt2({ n_layer: 1, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 });
const runtime = cpuRuntime();

/** Everything that alternates: a name, a function to time, its matrix operations. */
const contestants = [
  await product(),
  await block("dense", { method: "dense" }),
  await block("flora 128", { rank: 128 }),
  await block("flora 32", { rank: 32 }),
  await block("flora 128, int8 accumulators", { rank: 128, accumulatorDtype: "int8" }),
  await block("lora 8", { method: "lora" }),
  await block("lora-fa 8", { method: "lora-fa" }),
];

for (let round = 0; round < runs + 2; round++) {
  for (const each of contestants) {
    const start = performance.now();
    await each.run();
    if (round >= 2) each.milliseconds.push(performance.now() - start);
  }
}

const [reference, dense, flora128, flora32] = contestants;
const rate = ({ operations, milliseconds }) => operations / 1e6 / median(milliseconds);
/** Pair by pair in the same round, so that a machine whose speed drifts drifts in both. */
const ratio = (a, b) => median(a.milliseconds.map((ms, i) => ms / b.milliseconds[i]));
const rateRatio = (a, b) => (a.operations / b.operations) * ratio(b, a);

const rows = [
  row(
    "block, forward + backward, dense: share of the 2048^3 MatMul rate",
    rateRatio(dense, reference),
    ">=",
    0.8,
  ),
  row("FLORA rank 128 against dense, time", ratio(flora128, dense), "<=", 0.8),
  row("FLORA rank 32 against dense, time", ratio(flora32, dense), "<=", 0.72),
];
const details = contestants.map((each) => ({
  name: each.name,
  medianMs: median(each.milliseconds),
  gflopsPerSecond: rate(each),
}));

if (step) {
  rows.push(
    row(
      "GPT-2 124 M step: peak resident minus weights, MB",
      step.peakMinusWeights / 1e6,
      "<=",
      600,
    ),
    row("the same: accumulators + optimizer state, of AdamW's", step.stateShare, "<=", 0.06),
    row("projections' share of a step", step.projectionShare, "<=", 0.05),
    row(
      "trainer and TypeScript outside onnxruntime, share of a step",
      step.overheadShare,
      "<=",
      0.03,
    ),
  );
  details.push({ name: "GPT-2 124 M step", ...step });
}
if (memory) {
  const { configurations } = memory;
  const wrong = configurations.filter(({ isGood }) => !isGood).length;
  rows.push(
    row(`memory off its prediction, of ${configurations.length} configurations`, wrong, "<=", 0),
  );
  details.push({ name: "memory as predicted", configurations });
}
if (options.peers) {
  for (const peer of ["jax", "tfjs"]) {
    const measured = child(`peers/${peer}.js`, {
      args: ["5"],
      env: { ...process.env, ...memoryEnvironment },
    });
    const ms = median(measured.milliseconds);
    rows.push(
      row(
        `${measured.name} ${measured.version}: times slower than the dense block`,
        ms / median(dense.milliseconds),
        ">=",
        8,
      ),
    );
    details.push({ name: measured.name, medianMs: ms, gflopsPerSecond: measured.gflopsPerSecond });
  }
}

if (options.json) console.log(JSON.stringify({ rows, details }, null, 2));
else print();

function row(what, value, comparison, target) {
  const reached = comparison === ">=" ? value >= target : value <= target;
  return { what, value, comparison, target, reached };
}

async function product() {
  const [a, b] = ["a", "b"].map((name) => input(name, "float32", [side, side]));
  const program = compile({ y: matmul(a, b) });
  return contestant(`MatMul ${side}^3`, program, program.operations);
}

/** Forward and backward pass of the block in one program: y, dx, and every accumulator with its gradient in it. */
async function block(name, method) {
  const trainee = traineeOf(
    model,
    parseConfig({ train: "none.txt", modulesToSave: [], ...method }),
  );
  const [, stage] = trainee.model.stages;
  const x = input("x", "float32", [batch, length, width]);
  const dy = input("dy", "float32", [batch, length, width]);
  const locals = Object.keys(stage.params);
  const plans = locals.map((local) => trainee.plan.get(stage.params[local]));
  const params = plans.map(({ spec }, i) => input(locals[i], "float32", spec.shape));
  const y = stage.forward(x, Object.fromEntries(params.map((param, i) => [locals[i], param])));
  const trained = locals.filter((_, i) => plans[i].training);
  const [dx, ...grads] = vjp(
    [y],
    [dy],
    [x, ...trained.map((local) => params[locals.indexOf(local)])],
  );
  const sums = trained.map((local, i) => {
    const { training } = plans[locals.indexOf(local)];
    return accumulateInto(local, training.gradientProjection, training.accumulator, grads[i]);
  });
  const program = compile(Object.assign({ y, dx }, ...sums));
  return contestant(name, program, program.operations);
}

/** A program with buffers for all its inputs and outputs; accumulators are updated in place. */
async function contestant(name, program, operations) {
  const executable = await runtime.load(program);
  const buffers = {};
  const buffer = (key, { dtype, shape }) => {
    buffers[key] ??= runtime.allocate(dtype, shape);
    return buffers[key];
  };
  const feeds = {};
  for (const [key, type] of Object.entries(program.inputs)) {
    const fresh = !(key in buffers);
    feeds[key] = buffer(key, type);
    if (fresh)
      feeds[key].write((elements) =>
        elements.forEach((_, i) => (elements[i] = 0.05 * Math.sin(i))),
      );
  }
  const fetches = {};
  for (const [key, type] of Object.entries(program.outputs)) {
    fetches[key] = buffer(key.replace("acc':", "acc:"), type);
  }
  return { name, operations, milliseconds: [], run: () => executable.run(feeds, fetches) };
}

function child(script, { args = [], env = process.env }) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [path, ...args], {
    encoding: "utf8",
    env,
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return JSON.parse(stdout.slice(stdout.indexOf("{")));
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print() {
  console.log(
    `${runs} rounds, medians; ${process.platform} ${process.arch}, Node ${process.version}\n`,
  );
  for (const { name, medianMs, gflopsPerSecond } of details) {
    if (medianMs === undefined) continue;
    console.log(
      `  ${name.padEnd(30)} ${medianMs.toFixed(1).padStart(8)} ms ${gflopsPerSecond.toFixed(0).padStart(6)} GFLOP/s`,
    );
  }
  for (const { name, predicted, measured, error } of memory?.configurations ?? []) {
    const megabytes = (bytes) => (bytes / 1e6).toFixed(0).padStart(6);
    const shown = error ?? `${megabytes(predicted)} MB predicted ${megabytes(measured)} MB taken`;
    console.log(`  ${name.padEnd(34)} ${shown}`);
  }
  console.log();
  for (const { what, value, comparison, target, reached } of rows) {
    const shown = value >= 100 ? value.toFixed(0) : value.toFixed(3);
    console.log(
      `  ${reached ? "ok  " : "MISS"} ${what.padEnd(66)} ${shown.padStart(7)}  (${comparison} ${target})`,
    );
  }
}
