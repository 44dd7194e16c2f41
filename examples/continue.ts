/** @file A run that is stopped and goes on: its losses are to the last bit those of one that was never stopped. */

import { train, type TrainOptions } from "flora-train";

const steps = Number(process.argv[2] ?? 20);
const options: TrainOptions = {
  model: { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 192 },
  steps,
  batchSize: 8,
  rank: 8,
  translations: 0,
};

/** The losses of the steps, up to the one after which it is stopped. */
async function lossesOf(request: TrainOptions, last = steps): Promise<readonly number[]> {
  const controller = new AbortController();
  const losses: number[] = [];
  for await (const event of train(request, { signal: controller.signal })) {
    if (event.type !== "step") continue;
    losses.push(event.loss);
    if (event.step === last && last < steps) controller.abort();
  }
  return losses;
}

const whole = await lossesOf({ ...options, output: "runs/whole", overwrite: true });
const begun = { ...options, output: "runs/stopped", overwrite: true };
const first = await lossesOf(begun, Math.ceil(steps / 2));
// Its options are in the checkpoint.
const second = await lossesOf({ output: "runs/stopped", resume: true });

console.log(`${first.length} steps, then ${second.length}`);
if (String([...first, ...second]) !== String(whole)) throw new Error("it went on another way");
console.log("the losses are those of a run that was not stopped");
