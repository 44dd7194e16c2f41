/**
 * @file A micro-step: forward through the stages, the loss, and back, each gradient folded into its accumulator where it is born.
 *
 * Only the stages' inputs (and residuals, without recomputation) live from the forward to the backward pass. In an encoder-decoder
 * model the cotangents of the memory add up over the blocks of the decoder, and the sum goes on into the encoder.
 */

import { planOf } from "./param-plan.ts";
import type { Batch } from "../data/batches/batches.ts";
import { MEMORY, type Stage } from "../models/model.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import type { ValueType } from "../graph/value.ts";
import { staticShape } from "../tensor/shape.ts";
import { chainOf, type Link } from "./stages.ts";
import { createHead, type Evaluated } from "./head.ts";
import { type PipelineParts } from "./parts.ts";
import { createSimilarityHead } from "./similarity-head.ts";
import {
  accumulatorName,
  MEMORY_COTANGENT,
  nextAccumulatorName,
  projectionName,
} from "./stage-programs.ts";
import { bufferOf, clear, mapRecord, reset } from "./state.ts";

/** Which projections and masks a micro-step draws. */
export interface MicroStepKeys {
  readonly cycle: number;
  /** Micro-steps of the run so far. */
  readonly microStep: number;
}

export interface Pipeline {
  /**
   * One micro-batch.
   *
   * @param onGradient - called with each trained parameter that has no accumulator of its own, and a scratch one that holds
   * its gradient; may update the parameter, which this micro-step does not use again
   * @returns the summed loss of the tokens that count, in nats; if it is not finite, no parameter was touched
   */
  microStep(
    batch: Batch,
    keys: MicroStepKeys,
    onGradient?: (name: string, accumulator: Buffers) => Promise<void>,
  ): Promise<number>;
  /** The summed loss of a batch and the targets that were the likeliest, without dropout and gradients. */
  evaluate(batch: Batch): Promise<Evaluated>;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { model, plan, recompute, state, programs, slots, draws, shapes, runtime } = parts;
  const head = model.head ? createHead(parts) : createSimilarityHead(parts);
  const chain = chainOf({ model, plan, recompute });

  const weightsOf = (stage: Stage): Buffers =>
    Object.fromEntries(
      Object.entries(stage.params).map(([local, name]) => [local, bufferOf(state.weights, name)]),
    );

  /** What a program of a stage reads besides activations: those of its inputs that can be drawn. */
  function drawn({ stage, index, made }: Link, keys: MicroStepKeys, inputs: Types): Buffers {
    const feeds: Record<string, Buffer> = {};
    for (const [name, rate] of made.masks) {
      const type = inputs[name];
      if (!type) continue;
      const mask = slots.take(name, type.dtype, staticShape("mask", type.shape));
      draws.mask(index, name, keys.microStep, rate, mask);
      feeds[name] = mask;
    }
    for (const [local, name] of Object.entries(stage.params)) {
      const input = projectionName(local);
      const gradientProjection = planOf(plan, name).training?.gradientProjection;
      if (!gradientProjection || !inputs[input]) continue;
      const { rank, dimension } = gradientProjection;
      const a = slots.take(input, "float32", [rank, dimension]);
      draws.projection(name, keys.cycle, gradientProjection, a);
      feeds[input] = a;
    }
    return feeds;
  }

  const only = (feeds: Buffers, inputs: Types): Buffers =>
    Object.fromEntries(Object.entries(feeds).filter(([name]) => name in inputs));

  const inputsOf = ({ inputs }: Batch): Record<string, Buffer> =>
    mapRecord(inputs, (tensor) => runtime.adopt(tensor));

  /** Accumulators of a stage's trained parameters by local name: their own, or scratch ones that are cleared for them. */
  function accumulatorsOf(stage: Stage): Readonly<Record<string, Buffers>> {
    return Object.fromEntries(
      Object.entries(stage.params).flatMap(([local, name]) => {
        const { training } = planOf(plan, name);
        if (!training) return [];
        const own = state.accumulators.get(name);
        if (own) return [[local, own]];
        const specs = training.accumulator.state;
        const scratch = mapRecord(specs, ({ dtype = "float32", shape }, key) =>
          slots.take(`${stage.kind} ${accumulatorName(local, key)}`, dtype, shape),
        );
        reset(scratch, specs);
        return [[local, scratch]];
      }),
    );
  }

  /** What the stages of a batch have read and made so far. */
  interface Passed {
    /** Inputs of the model by name, and the memory once it is there. */
    readonly inputs: Record<string, Buffer>;
    x: Buffer | undefined;
  }

  const startOf = ({ stage }: Link, { inputs, x }: Passed): Buffer => {
    const start = stage.source === undefined ? x : inputs[stage.source];
    if (start) return start;
    throw new Error(`internal: nothing for ${stage.kind} to start from`);
  };

  return {
    async microStep(batch, keys, onGradient) {
      const links = chain(batch.inputs);
      const passed: Passed = { inputs: inputsOf(batch), x: undefined };

      // Forward
      const starts: Buffer[] = [];
      const residuals: Buffers[] = [];
      for (const link of links) {
        const { stage, index, made } = link;
        const x = startOf(link, passed);
        const executable = await programs.get(
          `${link.key} forward`,
          () => made.forward,
          memoryOf(stage, shapes),
        );
        const kept = mapRecord(made.residuals, ({ dtype, shape }, name) =>
          slots.take(`${index} ${name}`, dtype, staticShape(name, shape)),
        );
        const y = slots.take(`x ${index + 1}`, "float32", staticShape("y", made.y.shape));
        const types = made.forward.inputs;
        const feeds = {
          ...passed.inputs,
          x,
          ...weightsOf(stage),
          ...drawn(link, keys, types),
        };
        await programs.run(executable, only(feeds, types), { y, ...kept });
        starts.push(x);
        residuals.push(kept);
        passed.x = y;
        if (index === model.memory) passed.inputs[MEMORY] = y;
      }
      if (!passed.x) throw new Error("internal: a model without stages");

      // Loss
      const { loss, dHidden } = await head.backward(batch, passed.x, keys.cycle);
      if (!Number.isFinite(loss)) return loss;

      // Backward
      let dy = dHidden;
      const dMemory = memoryCotangent(links);
      for (const link of links.toReversed()) {
        const { stage, index, made } = link;
        const { backward } = made;
        if (!backward) continue;
        if (index === model.memory && dMemory) dy = dMemory;
        const executable = await programs.get(
          `${link.key} backward`,
          () => backward,
          memoryOf(stage, shapes),
        );
        const types = backward.inputs;
        const accumulators = accumulatorsOf(stage);
        const fetches: Record<string, Buffer> = {};
        const sums: Record<string, Buffer> = {};
        for (const [local, tensors] of Object.entries(accumulators)) {
          for (const [tensor, buffer] of Object.entries(tensors)) {
            sums[accumulatorName(local, tensor)] = buffer;
            fetches[nextAccumulatorName(local, tensor)] = buffer;
          }
        }
        const x = starts[index];
        if (!x) throw new Error(`internal: ${stage.kind} started from nothing`);
        const feeds = {
          ...passed.inputs,
          x,
          dy: dy.view(staticShape("dy", made.y.shape)),
          ...weightsOf(stage),
          ...drawn(link, keys, types),
          ...residuals[index],
          ...sums,
          ...(dMemory && { [MEMORY_COTANGENT]: dMemory }),
        };
        if (backward.outputs["dx"]) fetches["dx"] = slots.take(`dx ${index % 2}`, x.dtype, x.shape);
        if (dMemory && types[MEMORY_COTANGENT]) fetches[`${MEMORY_COTANGENT}'`] = dMemory;
        await programs.run(executable, only(feeds, types), fetches);
        dy = fetches["dx"] ?? dy;

        for (const [local, name] of Object.entries(stage.params)) {
          const scratch = accumulators[local];
          if (scratch && !state.accumulators.has(name)) await onGradient?.(name, scratch);
        }
      }
      return loss;
    },

    async evaluate(batch) {
      const passed: Passed = { inputs: inputsOf(batch), x: undefined };
      for (const link of chain(batch.inputs)) {
        const { stage, index, made } = link;
        const same = made.evaluate === made.forward;
        const name = `${link.key} ${same ? "forward" : "evaluate"}`;
        const executable = await programs.get(name, () => made.evaluate, memoryOf(stage, shapes));
        // The memory lives on, in the slot that it has in training.
        const slot = `x ${index === model.memory ? index + 1 : (index % 2) + 1}`;
        const y = slots.take(slot, "float32", staticShape("y", made.y.shape));
        const feeds = { ...passed.inputs, x: startOf(link, passed), ...weightsOf(stage) };
        await programs.run(executable, only(feeds, made.evaluate.inputs), { y });
        passed.x = y;
        if (index === model.memory) passed.inputs[MEMORY] = y;
      }
      if (!passed.x) throw new Error("internal: a model without stages");
      return head.evaluate(batch, passed.x);
    },
  };

  /** A cleared sum for the cotangents of the memory, where they are wanted. */
  function memoryCotangent(links: readonly Link[]): Buffer | undefined {
    const made = links[model.memory ?? -1]?.made;
    if (!made?.backward) return undefined;
    const sum = slots.take(MEMORY_COTANGENT, "float32", staticShape("memory", made.y.shape));
    clear(sum);
    return sum;
  }
}

/**
 * Blocks run many times a step and keep their memory; what runs once a micro-step gets it anew each time. So do blocks when
 * there are many shapes of batches, each with programs of its own.
 */
const memoryOf = (
  { attends }: Stage,
  shapes: PipelineParts["shapes"],
): { readonly arena: boolean } => ({ arena: attends && shapes.length <= 2 });

type Types = Readonly<Record<string, ValueType>>;
