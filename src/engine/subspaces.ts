/** @file State under another subspace: projections that are drawn anew, or learned from a whole gradient. */

import type { WholeGradient } from "../compress/compressor.ts";
import { matrixShape } from "../compress/projection.ts";
import type { Transfer } from "../optim/transform.ts";
import { bufferNamed, bufferOf, clear, floats, setElements } from "../runtime/buffers.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import { accumulatorName, nextName } from "./parts/names.ts";
import { planOf, trainingOf } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { reset } from "./parts/state.ts";
import { buildCompress, buildProduct, buildTransfer } from "./update-programs.ts";

export interface Subspaces {
  /** Expresses all state that lives in drawn subspaces in those of another cycle. */
  transfer(fromCycle: number, toCycle: number): Promise<void>;
  /** Learns the subspace of a parameter from the sum of its whole gradient, and moves its state there. */
  learn(name: string, wholeSum: Buffer): Promise<void>;
  /** Compresses that sum into the accumulator. */
  compress(name: string, wholeSum: Buffer, accumulator: Buffers): Promise<void>;
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

  /** What a subspace is learned from. */
  function wholeGradient(name: string, g: Buffer): WholeGradient {
    const { key, spec } = planOf(plan, name);
    const [rows = 0, columns = 0] = spec.shape;
    const product = (isTransposed: boolean) => async (elements: Float32Array) => {
      const [size, height] = isTransposed ? [rows, columns] : [columns, rows];
      const width = elements.length / size;
      const [x, y] = [
        slots.take("learn X", "float32", [size, width]),
        slots.take("learn Y", "float32", [height, width]),
      ];
      setElements(x, elements);
      const executable = await programs.get(`product ${isTransposed} ${width} ${key}`, () =>
        buildProduct(spec.shape, width, isTransposed),
      );
      await programs.run(executable, { G: g, X: x }, { Y: y });
      return floats(await y.read());
    };
    return {
      read: async () => floats(await g.read()),
      times: product(false),
      transposedTimes: product(true),
    };
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

    async learn(name, wholeSum) {
      const { compression } = trainingOf(plan, name);
      if (compression?.subspace.kind !== "learned") {
        throw new Error(`internal: the subspace of ${name} is not learned`);
      }
      const a = bufferOf(state.subspaces, name);
      const from = slots.take("A_old", "float32", a.shape);
      from.copyFrom(a);
      setElements(a, await compression.subspace.learn(wholeGradient(name, wholeSum)));
      await move(name, () => ({ from, to: a }));
    },

    async compress(name, wholeSum, accumulator) {
      const { key, spec, dtype } = planOf(plan, name);
      const training = trainingOf(plan, name);
      const executable = await programs.get(`compress ${key}`, () =>
        buildCompress({ shape: spec.shape, dtype, training }),
      );
      const sums = Object.entries(accumulator).map(
        ([tensor, buffer]) => [accumulatorName("param", tensor), buffer] as const,
      );
      const next = sums.map(([tensor, buffer]) => [nextName(tensor), buffer] as const);
      const a = bufferOf(state.subspaces, name);
      const feeds = { G: wholeSum, "A:param": a, ...Object.fromEntries(sums) };
      await programs.run(executable, feeds, Object.fromEntries(next));
    },
  };
}
