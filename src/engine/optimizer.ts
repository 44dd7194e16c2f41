/** @file The end of a step: clip, update every parameter, move what moves with the projection, and start the next cycle. */

import { planOf, trainingOf } from "./param-plan.ts";
import { type Apply, createApply, type StepNumbers } from "./update.ts";
import { accumulatorFeeds, buildNorm, buildTransfer } from "./update-programs.ts";
import { type PipelineParts } from "./parts.ts";
import { bufferNamed, copyElements, reset } from "./state.ts";

export interface Optimizer {
  /** Updates one parameter from its accumulator. */
  readonly apply: Apply;
  /** Updates all parameters that have accumulators of their own, and clears those. */
  applyAll(numbers: StepNumbers): Promise<void>;
  /** The global norm of the sums in the accumulators; of compressed ones it is an unbiased estimate (squared). */
  gradientNorm(): Promise<number>;
  /** Expresses all compressed state under the projection of another cycle. */
  transfer(fromCycle: number, toCycle: number): Promise<void>;
}

export function createOptimizer(parts: PipelineParts): Optimizer {
  const { plan, state, programs, slots, draws } = parts;
  const apply = createApply(parts);
  return {
    apply,

    async applyAll(numbers) {
      for (const [name, accumulator] of state.accumulators) {
        await apply(name, accumulator, numbers);
        reset(accumulator, trainingOf(plan, name).accumulator.state);
      }
    },

    async gradientNorm() {
      const squared = slots.take("squaredNorm", "float32", []);
      let total = 0;
      for (const [name, tensors] of state.accumulators) {
        const { accumulator } = trainingOf(plan, name);
        const executable = await programs.get(`norm ${planOf(plan, name).key}`, () =>
          buildNorm(accumulator),
        );
        await programs.run(executable, accumulatorFeeds(tensors), { squaredNorm: squared });
        total += Number((await squared.read())[0]);
      }
      return Math.sqrt(total);
    },

    async transfer(fromCycle, toCycle) {
      for (const [name, own] of state.optimizer) {
        const { key } = planOf(plan, name);
        const { projection, rule } = trainingOf(plan, name);
        const transfers = Object.entries(rule.transfers);
        if (!projection || transfers.length === 0) continue;
        const { rank, dimension } = projection;
        const from = slots.take("A", "float32", [rank, dimension]);
        const to = slots.take("A_new", "float32", [rank, dimension]);
        draws.projection(name, fromCycle, projection, from);
        draws.projection(name, toCycle, projection, to);
        for (const [tensor, transfer] of transfers) {
          const before = bufferNamed(own, tensor);
          const after = slots.take("M", "float32", before.shape);
          const executable = await programs.get(`transfer ${transfer} ${key}`, () =>
            buildTransfer(transfer, before.shape, projection),
          );
          const feeds = transfer === "move" ? { A_old: from, A_new: to } : {};
          await programs.run(executable, { M: before, ...feeds }, { "M'": after });
          const numbers = await after.read();
          before.write((elements) => copyElements(numbers, elements));
        }
      }
    },
  };
}
