/** @file What runs in the page of training.browser.ts. */

import { openRuntime, train } from "flora-train";
import { memoryHost } from "flora-train/host";

/** One device for all runs: it keeps the kernels that it has compiled. */
const opened = openRuntime({ device: "webgpu" });

/**
 * What a run on WebGPU tells, or the sentence with which it ends.
 *
 * @param {import("flora-train").TrainRequest} request
 */
export async function run(request) {
  const told = { losses: [], heldOut: undefined };
  try {
    const runtime = await opened;
    for await (const event of train(request, { host: memoryHost(), runtime })) {
      if (event.type === "start") told.device = event.device;
      if (event.type === "step") told.losses.push(event.loss);
      if (event.type === "evaluation") told.heldOut = event.loss;
    }
    return told;
  } catch (error) {
    return { ...told, refused: `${error.message}; ${error.hint}` };
  }
}
