/** @file The weights of the model that a run left on disk, in memory again. */

import { adapterNames, peftName } from "../../adapters/index.ts";
import { partInitial } from "../../adapters/pissa.ts";
import { tokenRowsName } from "../../adapters/token-rows.ts";
import { setWeight, setWeightRows } from "../../engine/parts/state.ts";
import { bufferOf, fill } from "../../runtime/buffers.ts";
import { eachWeight, loadAdapter } from "../../weights/index.ts";
import { leavesAdapters } from "../setup/method.ts";
import type { Run } from "../setup/run.ts";

/**
 * Replaces the weights of a run by those that it saved. What was merged into a weight is in it, so that its adapter is empty.
 *
 * @throws {UsageError | FormatError} if they cannot be read.
 */
export async function restoreOutput({
  base,
  adapters,
  config,
  context,
  engine,
  newTokens,
}: Run): Promise<void> {
  const { files } = context.host;
  const { state } = engine;
  if (leavesAdapters(config)) {
    const stored = (name: string) => peftName(base, name);
    const { tensors: joined } = await loadAdapter(files, config.output);
    const tensors = partInitial(joined, adapters, stored);
    for (const name of state.weights.keys()) {
      const tensor = tensors.get(stored(name));
      if (tensor) setWeight(state, name, tensor);
    }
    for (const name of newTokens?.tables ?? []) {
      const rows = tensors.get(peftName(base, tokenRowsName(name)));
      if (rows && newTokens) await setWeightRows(state, name, rows, newTokens.tokens);
    }
    return;
  }
  const shapes = new Map([...base.params].map(([name, { shape }]) => [name, shape] as const));
  for await (const [name, tensor] of eachWeight(files, config.output, shapes, base.checkpoint)) {
    setWeight(state, name, tensor);
  }
  for (const adapter of adapters) fill(bufferOf(state.weights, adapterNames(adapter).b), 0);
}
