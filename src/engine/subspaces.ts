/** @file State under another subspace: projections that are drawn anew, or learned from a whole gradient. */

import { matrixShape } from "../compress/projection.ts";
import type { Transfer } from "../optim/transform.ts";
import { bufferNamed, bufferOf, clear, floats, setElements } from "../runtime/buffers.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import { accumulatorName, nextName } from "./parts/names.ts";
import { planOf, trainingOf } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { reset } from "./parts/state.ts";
import { buildCompress, buildTransfer } from "./update-programs.ts";

export interface Subspaces {
  /** Expresses all state that lives in drawn subspaces in those of another cycle. */
  transfer(fromCycle: number, toCycle: number): Promise<void>;
  /** Learns the subspace of a parameter from the sum of its whole gradient, and compresses that into the accumulator. */
  learn(name: string, wholeSum: Buffer, accumulator: Buffers): Promise<void>;
}

/** Whether a program makes the new state of the old one. */
const isComputed = (transfer: Transfer): transfer is Extract<Transfer, "move" | "mean"> =>
  transfer === "move" || transfer === "mean";

export function createSubspaces({ plan, state, programs, slots, draws }: EngineParts): Subspaces {
  /** Moves a parameter's state from one projection matrix to another. */
  async function move(
    name: string,
    matrices: () => { readonly from: Buffer; readonly to: Buffer },
  ): Promise<void> {
    const { accumulator, compression, rule } = trainingOf(plan, name);
    const own = state.optimizer.get(name) ?? {};
    const transfers = Object.entries(rule.transfers);
    for (const [tensor, transfer] of transfers) {
      if (transfer === "reset") clear(bufferNamed(own, tensor));
    }
    if (rule.carry !== undefined) reset(state.accumulators.get(name) ?? {}, accumulator.state);
    if (!compression || !transfers.some(([, transfer]) => isComputed(transfer))) return;
    const { from, to } = matrices();
    const { key } = planOf(plan, name);
    for (const [tensor, transfer] of transfers) {
      if (!isComputed(transfer)) continue;
      const before = bufferNamed(own, tensor);
      const after = slots.take("M", "float32", before.shape);
      const executable = await programs.get(`transfer ${transfer} ${key}`, () =>
        buildTransfer(transfer, before.shape, compression.projection),
      );
      const feeds = transfer === "move" ? { A_old: from, A_new: to } : {};
      await programs.run(executable, { M: before, ...feeds }, { "M'": after });
      before.copyFrom(after);
    }
  }

  return {
    async transfer(fromCycle, toCycle) {
      for (const name of state.optimizer.keys()) {
        const { compression } = trainingOf(plan, name);
        if (compression?.subspace.kind !== "drawn") continue;
        const { subspace, projection } = compression;
        await move(name, () => {
          const shape = matrixShape(projection);
          const from = slots.take("A", "float32", shape);
          const to = slots.take("A_new", "float32", shape);
          draws.subspace(name, fromCycle, subspace, from);
          draws.subspace(name, toCycle, subspace, to);
          return { from, to };
        });
      }
    },

    async learn(name, wholeSum, accumulator) {
      const { key, spec, dtype } = planOf(plan, name);
      const training = trainingOf(plan, name);
      const { compression } = training;
      if (compression?.subspace.kind !== "learned") {
        throw new Error(`internal: the subspace of ${name} is not learned`);
      }
      const a = bufferOf(state.subspaces, name);
      const from = slots.take("A_old", "float32", a.shape);
      from.copyFrom(a);
      setElements(a, compression.subspace.learn(floats(await wholeSum.read())));
      await move(name, () => ({ from, to: a }));

      const executable = await programs.get(`compress ${key}`, () =>
        buildCompress({ shape: spec.shape, dtype, training }),
      );
      const sums = Object.entries(accumulator).map(
        ([tensor, buffer]) => [accumulatorName("param", tensor), buffer] as const,
      );
      const next = sums.map(([tensor, buffer]) => [nextName(tensor), buffer] as const);
      const feeds = { G: wholeSum, "A:param": a, ...Object.fromEntries(sums) };
      await programs.run(executable, feeds, Object.fromEntries(next));
    },
  };
}
