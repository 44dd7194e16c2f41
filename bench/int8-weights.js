/**
 * @file `npm run bench -- int8-weights`: training with linear maps that rest in int8, as Q-GaLore has them (arXiv:2407.08296), tried before it
 * is built. After every step each row is rounded to whole numbers and a scale, to the nearest or at random; a scale grows with the
 * largest number of its row, and stays otherwise, so that what is not updated is not rounded again.
 *
 *   node bench/main.js int8-weights --train A,B --validation A,B [--steps 200] [--rank 16]
 *
 * From scratch at a large rate, and on from there at a small one. Prints held-out losses.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeHost } from "../dist/host/node.js";
import { parseConfig } from "../dist/index.js";
import { cpuRuntime } from "../dist/runtime/node.js";
import { gather, openRun } from "../dist/train/setup/prepare.js";
import { openTrainer } from "../dist/train/trainer.js";

const { values } = parseArgs({
  options: {
    train: { type: "string" },
    validation: { type: "string" },
    steps: { type: "string", default: "200" },
    rank: { type: "string", default: "16" },
  },
});
const LEVELS = 127;
const ROUNDINGS = {
  float32: undefined,
  "int8, at random": (x, random) => Math.floor(x + random()),
  "int8, to the nearest": (x) => Math.round(x),
};
/** Rate and optimizer from scratch, and of what goes on from there. */
const STAGES = [
  { name: "from scratch", optimizer: "adafactor", learningRate: 0.02 },
  { name: "on from there", optimizer: "adam", learningRate: 2e-5 },
];

const folder = mkdtempSync(join(tmpdir(), "flora-int8-"));
const runtime = cpuRuntime();
try {
  for (const method of ["dense", "flora"]) {
    for (const [stage, { name, ...own }] of STAGES.entries()) {
      for (const [rounding, round] of Object.entries(ROUNDINGS)) {
        const output = join(folder, `${method} ${stage}`);
        const begun = stage === 0 ? {} : { model: join(folder, `${method} 0`) };
        const keeps = rounding === "float32";
        const loss = await trained({ method, ...own, ...begun, output }, { round, keeps });
        console.log(`${method}, ${name}, ${rounding}: ${loss.toFixed(3)}`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function trained(options, { round, keeps }) {
  const config = parseConfig({
    train: values.train?.split(","),
    validation: values.validation?.split(","),
    tooLong: "drop",
    model: { n_embd: 96, n_layer: 2, n_head: 4, n_positions: 128 },
    ...(options.model === undefined && { tokenizer: "bpe:2000" }),
    steps: Number(values.steps),
    ...(options.method === "flora" && { rank: Number(values.rank) }),
    samples: 0,
    translations: 0,
    overwrite: true,
    ...options,
  });
  const run = await openRun(await gather(config, { host: nodeHost(), runtime }));
  const trainer = await openTrainer(run);
  const rounded = round && roundedMaps(run, round);
  rounded?.();
  for (let step = 0; step < trainer.totalSteps; step++) {
    while (!trainer.isStepFull()) await trainer.microStep();
    await trainer.update();
    rounded?.();
  }
  const { loss } = await trainer.evaluate();
  if (keeps) await trainer.saveModel();
  await run.engine.release();
  return loss;
}

/** What rounds all linear maps where they lie. */
function roundedMaps({ model, engine }, round) {
  const random = generator(1);
  const maps = [...model.params].filter(([, { inputAxis }]) => inputAxis !== undefined);
  const scales = new Map(maps.map(([name, { shape }]) => [name, new Float32Array(shape[0])]));
  return () => {
    for (const [name, own] of scales) {
      engine.state.weights.get(name).write((w) => {
        const columns = w.length / own.length;
        for (let row = 0; row < own.length; row++) {
          const numbers = w.subarray(row * columns, (row + 1) * columns);
          const largest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          if (largest > LEVELS * own[row]) own[row] = largest / LEVELS;
          if (own[row] === 0) continue;
          numbers.forEach((x, i) => (numbers[i] = round(x / own[row], random) * own[row]));
        }
      });
    }
  };
}

/** Uniform from 0 to 1: xorshift (Marsaglia, 2003). */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
