/** @file The projection matrix of a parameter: drawn into a slot whenever it is needed, or learned and kept. */

import { matrixShape } from "../../compress/projection.ts";
import { bufferOf } from "../../runtime/buffers.ts";
import type { Buffer } from "../../runtime/runtime.ts";
import { trainingOf } from "./param-plan.ts";
import type { EngineParts } from "./parts.ts";

/** A [rank, dimension] of a compressed parameter in a cycle; one that is drawn lies in the slot until that is drawn into again. */
export function subspaceMatrix(
  { draws, plan, slots, state }: Pick<EngineParts, "draws" | "plan" | "slots" | "state">,
  name: string,
  { cycle, slot }: { readonly cycle: number; readonly slot: string },
): Buffer {
  const { compression } = trainingOf(plan, name);
  if (!compression) throw new Error(`internal: ${name} is not compressed`);
  const { projection, subspace } = compression;
  if (subspace.kind === "learned") return bufferOf(state.subspaces, name);
  const a = slots.take(slot, "float32", matrixShape(projection));
  draws.subspace(name, cycle, subspace, a);
  return a;
}
