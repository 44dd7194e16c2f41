/** @file The weights that a run begins with. */

import { vocabularyParams, withNewRows } from "../../adapters/grow.ts";
import { measureLengths } from "../../adapters/merge.ts";
import { setPrincipal } from "../../adapters/pissa.ts";
import { drawWeight } from "../../engine/parts/initial-weights.ts";
import { setWeight } from "../../engine/parts/state.ts";
import { readTensor } from "../../runtime/runtime.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import type { Run } from "./run.ts";
import { eachWeight } from "../../weights/directory.ts";

export type WeightedRun = Pick<
  Run,
  "adapters" | "config" | "context" | "inputs" | "base" | "model" | "engine" | "growth"
>;

/**
 * A model from scratch is drawn; so is what a checkpoint lacks, and the adapters of any model.
 *
 * @param fresh - parameters of a checkpoint that are of no use
 * @returns what was drawn though there is a checkpoint, adapters left out
 */
export async function fillWeights(
  run: WeightedRun,
  fresh: readonly string[],
): Promise<readonly string[]> {
  const { config, context, inputs, base, model, engine, growth } = run;
  const loaded = new Set<string>();
  const ofVocabulary = growth ? vocabularyParams(growth.stored) : new Set<string>();
  const set = (name: string, tensor: HostTensor): void => {
    const shape = base.params.get(name)?.shape ?? tensor.shape;
    const isGrown = growth && ofVocabulary.has(name);
    setWeight(engine.state, name, isGrown ? withNewRows(tensor, shape, growth.tokens) : tensor);
    loaded.add(name);
  };
  if (inputs.model) {
    for (const [name, buffer] of inputs.model.weights) {
      if (!base.params.has(name) || fresh.includes(name)) continue;
      set(name, await readTensor(buffer));
    }
  } else if (typeof config.model === "string") {
    const { params } = growth?.stored ?? base;
    const shapes = [...params].map(([name, { shape }]) => [name, shape] as const);
    const expected = new Map(shapes.filter(([name]) => !fresh.includes(name)));
    const { checkpoint } = base;
    const options = { ...checkpoint, ignore: [...checkpoint.ignore, ...fresh] };
    // One at a time: those that rest in sixteen bits are never all there in float32.
    for await (const [name, tensor] of eachWeight(
      context.host.files,
      config.model,
      expected,
      options,
    )) {
      set(name, tensor);
    }
  }
  const missing = [...model.params.keys()].filter((name) => !loaded.has(name));
  for (const name of missing) drawWeight(engine.parts, name);
  await measureLengths({ base, ...engine.parts }, run.adapters);
  await setPrincipal({ base, ...engine.parts }, run.adapters);
  return loaded.size === 0 ? [] : missing.filter((name) => base.params.has(name));
}
