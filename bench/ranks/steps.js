/**
 * @file Steps of a rank, timed: `mpirun -n 2 node bench/ranks/steps.js '{"config": {...}, "rounds": 5}'`. Every second one has its sums
 * begun when its gradients are complete, and the others wait for the end of the step. The first rank prints JSON.
 */

import { runContext } from "../../dist/cli/inputs/run-context.js";
import { joinMpi } from "../../dist/collective/mpi.js";
import { parseConfig } from "../../dist/index.js";
import { prepare } from "../../dist/train/setup/prepare.js";
import { openTrainer } from "../../dist/train/trainer.js";

const { config: options, rounds } = JSON.parse(process.argv[2]);
const ranks = await joinMpi(process.env);
const config = parseConfig({
  steps: 2 * (rounds + 1),
  schedule: "constant",
  warmupSteps: 0,
  samples: 0,
  ...options,
});
let waitedMs = 0;
const collective = {
  ...ranks,
  sum(...given) {
    const { progress, wait } = ranks.sum(...given);
    return {
      progress,
      wait() {
        const start = performance.now();
        wait();
        waitedMs += performance.now() - start;
      },
    };
  },
};
const run = await prepare(config, await runContext(config, collective));
const { engine } = run;
let isOverlapped = true;
const microStep = (batch, index, place) =>
  engine.microStep(batch, index, isOverlapped ? place : undefined);
const trainer = await openTrainer({ ...run, engine: { ...engine, microStep } });

const took = { overlapped: [], atEnd: [] };
const losses = [];
for (let step = 0; step < trainer.totalSteps; step++) {
  isOverlapped = step % 2 === 0;
  ranks.gather([0]);
  const start = performance.now();
  while (!trainer.isStepFull()) await trainer.microStep();
  const computed = performance.now();
  // One that is ahead waits for the other here.
  ranks.gather([0]);
  waitedMs = 0;
  losses.push((await trainer.update()).loss);
  ranks.gather([0]);
  const end = performance.now();
  const times = {
    seconds: (end - start) / 1000,
    updateSeconds: (end - computed) / 1000,
    waitSeconds: waitedMs / 1000,
  };
  // The first two compile.
  if (step >= 2) took[isOverlapped ? "overlapped" : "atEnd"].push(times);
}
let numbers = 0;
for (const tensors of engine.state.accumulators.values()) {
  for (const { bytes } of Object.values(tensors)) numbers += bytes / 4;
}
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify({ numbers, ...took, losses })}\n`);
ranks.close();
