/** @file The end of a step: clip, update every parameter, move what moves with the projection, and start the next cycle. */

import { type Apply, createApply, type StepNumbers } from "./apply.ts";
import { buildNorm, buildTransfer } from "./apply-programs.ts";
import { type PipelineParts, planOf } from "./parts.ts";
import { clear } from "./state.ts";

export interface Optimizer {
  /** Updates one parameter from its accumulator. */
  readonly apply: Apply;
  /** Updates all parameters that have accumulators of their own, and clears those. */
  applyAll(numbers: StepNumbers): Promise<void>;
  /** The global norm of the sums in the accumulators; of compressed ones it is an unbiased estimate (squared). */
  gradientNorm(): Promise<number>;
  /** Expresses every compressed momentum under the projection of another cycle. */
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
        clear(accumulator);
      }
    },

    async gradientNorm() {
      const squared = slots.take("squaredNorm", "float32", []);
      let total = 0;
      for (const accumulator of state.accumulators.values()) {
        const key = `norm ${accumulator.shape.join()}`;
        const executable = await programs.get(key, () => buildNorm(accumulator.shape));
        await programs.run(executable, { acc: accumulator }, { squaredNorm: squared });
        total += Number((await squared.read())[0]);
      }
      return Math.sqrt(total);
    },

    async transfer(fromCycle, toCycle) {
      for (const [name, own] of state.optimizer) {
        const momentum = own["momentum.mean"];
        const { projection, spec, key } = planOf(plan, name);
        if (!momentum || !projection) continue;
        const { rank, dimension } = projection;
        const from = slots.take("A", "float32", [rank, dimension]);
        const to = slots.take("A_new", "float32", [rank, dimension]);
        draws.projection(name, fromCycle, projection, from);
        draws.projection(name, toCycle, projection, to);
        const moved = slots.take("M", "float32", momentum.shape);
        const executable = await programs.get(`transfer ${key}`, () =>
          buildTransfer(spec.shape, projection),
        );
        await programs.run(executable, { M: momentum, A_old: from, A_new: to }, { "M'": moved });
        const numbers = await moved.read();
        momentum.write((elements) => {
          if (elements instanceof Float32Array && numbers instanceof Float32Array) {
            elements.set(numbers);
          }
        });
      }
    },
  };
}
