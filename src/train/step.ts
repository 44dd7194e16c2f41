/** @file The end of a step: clip, update every parameter, move what moves with the projection, and start the next cycle. */

import type { Buffer } from "../runtime/runtime.ts";
import {
  buildApply,
  buildNorm,
  buildTransfer,
  nextName,
  type StepScalars,
} from "./apply-programs.ts";
import { type PipelineParts, planOf } from "./parts.ts";
import { bufferOf, clear } from "./state.ts";

export interface StepNumbers {
  /** The step that is being done, counted from 1. */
  readonly step: number;
  readonly cycle: number;
  readonly learningRate: number;
  /** What turns the summed gradient into the mean gradient per token. */
  readonly gradientScale: number;
}

export interface Optimizer {
  /** Updates one parameter from its accumulator. */
  apply(name: string, accumulator: Buffer, numbers: StepNumbers): Promise<void>;
  /** Updates all parameters that have accumulators of their own, and clears those. */
  applyAll(numbers: StepNumbers): Promise<void>;
  /** The global norm of the sums in the accumulators; of compressed ones it is an unbiased estimate (squared). */
  gradientNorm(): Promise<number>;
  /** Expresses every compressed momentum under the projection of another cycle. */
  transfer(fromCycle: number, toCycle: number): Promise<void>;
}

/** Large parameters are rare, and their updates need several times their size: that memory is given back. */
const KEEP_MEMORY_BELOW = 2 ** 22;

export function createOptimizer({ plan, state, programs, slots, draws }: PipelineParts): Optimizer {
  const scalarsOf = new Map<string, StepScalars>();

  function scalar(name: string, value: number): Buffer {
    const buffer = slots.take(`scalar ${name}`, "float32", []);
    buffer.write((elements) => {
      if (elements instanceof Float32Array) elements[0] = value;
    });
    return buffer;
  }

  async function apply(name: string, accumulator: Buffer, numbers: StepNumbers): Promise<void> {
    const param = planOf(plan, name);
    const weight = bufferOf(state.weights, name);
    const executable = await programs.get(
      `apply ${param.key}`,
      () => {
        const { program, scalars } = buildApply(param);
        scalarsOf.set(param.key, scalars);
        return program;
      },
      { arena: weight.bytes < KEEP_MEMORY_BELOW },
    );
    const own = state.optimizer.get(name) ?? {};
    const feeds: Record<string, Buffer> = { param: weight, acc: accumulator, ...own };
    // Everyone who reads the old weight and state does so before the new ones are written.
    const fetches: Record<string, Buffer> = { "param'": weight };
    for (const [key, buffer] of Object.entries(own)) fetches[nextName(key)] = buffer;
    if (param.projection) {
      const { rank, dimension } = param.projection;
      const a = slots.take("A", "float32", [rank, dimension]);
      draws.projection(name, numbers.cycle, param.projection, a);
      feeds["A"] = a;
    }
    for (const [key, ofStep] of scalarsOf.get(param.key) ?? []) {
      feeds[key] = scalar(key, ofStep(numbers.step));
    }
    feeds["learningRate"] = scalar("learningRate", numbers.learningRate);
    feeds["gradientScale"] = scalar("gradientScale", numbers.gradientScale);
    await programs.run(executable, feeds, fetches);
  }

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
