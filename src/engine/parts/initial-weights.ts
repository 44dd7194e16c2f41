/** @file Weights that are drawn. */

import { bufferOf, floats } from "../../runtime/buffers.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { EngineParts } from "./parts.ts";
import { setWeight } from "./state.ts";

/** Draws the initial values of a weight. */
export function drawWeight(
  { draws, model, state }: Pick<EngineParts, "draws" | "model" | "state">,
  name: string,
): void {
  const spec = model.params.get(name);
  if (!spec) throw new Error(`internal: no parameter ${name}`);
  const weight = bufferOf(state.weights, name);
  if (weight.dtype === "float32") {
    return weight.write((elements) => draws.initialize(name, spec, floats(elements)));
  }
  const data = new Float32Array(elementCount(spec.shape));
  draws.initialize(name, spec, data);
  setWeight(state, name, { dtype: "float32", shape: spec.shape, data });
}
