/**
 * @file A micro-step: forward through the stages, the loss, and back, each gradient folded into its accumulator where it is born.
 *
 * Only the stages' inputs (and residuals, without recomputation) live from the forward to the backward pass.
 */

import type { Batch } from "../data/batches.ts";
import type { Model, Stage } from "../models/model.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import type { DType } from "../tensor/dtype.ts";
import { staticShape } from "../tensor/shape.ts";
import { createHead } from "./head.ts";
import { copyInt32, type PipelineParts, planOf } from "./parts.ts";
import type { ParamPlan, Plan } from "./plan.ts";
import {
  accumulatorName,
  buildStage,
  nextAccumulatorName,
  projectionName,
  type StagePrograms,
} from "./stage-programs.ts";
import { bufferOf, mapRecord, reset } from "./state.ts";

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
  /** The summed loss of a batch, without dropout and gradients. */
  evaluate(batch: Batch): Promise<number>;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { model, plan, config, state, programs, slots, draws, batchLengths } = parts;
  const head = createHead(parts);
  const built = new Map<string, StagePrograms>();
  const firstTrained = firstTrainedStage(model, plan);

  const plansOf = (stage: Stage): Readonly<Record<string, ParamPlan>> =>
    Object.fromEntries(
      Object.entries(stage.params).map(([local, name]) => [local, planOf(plan, name)]),
    );

  /** The programs of a stage for a shape of batch, and the key under which its kind shares them. */
  function programsOf(stage: Stage, { size, length }: Batch): readonly [string, StagePrograms] {
    const plans = plansOf(stage);
    const treatments = Object.values(plans).map(({ key }) => key);
    const key = `${stage.kind} ${size}x${length} ${treatments.join()}`;
    const index = model.stages.indexOf(stage);
    const x =
      index === 0
        ? { dtype: "int32" as const, shape: [size, length] }
        : { dtype: "float32" as const, shape: [size, length, model.width] };
    const needsDx = index > firstTrained;
    const fullKey = needsDx || index === 0 ? key : `${key} first`;
    const { recompute } = config;
    const known = built.get(fullKey) ?? buildStage(stage, { x, plans, recompute, needsDx });
    built.set(fullKey, known);
    return [fullKey, known];
  }

  const weightsOf = (stage: Stage): Buffers =>
    Object.fromEntries(
      Object.entries(stage.params).map(([local, name]) => [local, bufferOf(state.weights, name)]),
    );

  /** What a program of a stage reads besides activations: those of its inputs that can be drawn. */
  function drawn(
    stage: Stage,
    made: StagePrograms,
    keys: MicroStepKeys,
    inputs: InputTypes,
  ): Buffers {
    const feeds: Record<string, Buffer> = {};
    for (const [name, rate] of made.masks) {
      const type = inputs[name];
      if (!type) continue;
      const mask = slots.take(name, type.dtype, staticShape("mask", type.shape));
      draws.mask(model.stages.indexOf(stage), name, keys.microStep, rate, mask);
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

  const only = (feeds: Buffers, inputs: InputTypes): Buffers =>
    Object.fromEntries(Object.entries(feeds).filter(([name]) => name in inputs));

  function tokens(batch: Batch): Buffer {
    const ids = slots.take("ids", "int32", [batch.size, batch.length]);
    ids.write((elements) => copyInt32(batch.inputs, elements));
    return ids;
  }

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

  return {
    async microStep(batch, keys, onGradient) {
      // Forward
      let x = tokens(batch);
      const inputs: Buffer[] = [];
      const residuals: Buffers[] = [];
      for (const [index, stage] of model.stages.entries()) {
        const [key, made] = programsOf(stage, batch);
        const executable = await programs.get(
          `${key} forward`,
          () => made.forward,
          memoryOf(stage, batchLengths),
        );
        const kept = Object.fromEntries(
          Object.entries(made.residuals).map(([name, { dtype, shape }]) => [
            name,
            slots.take(`${index} ${name}`, dtype, staticShape(name, shape)),
          ]),
        );
        const y = slots.take(`x ${index + 1}`, "float32", staticShape("y", made.y.shape));
        const types = made.forward.inputs;
        const feeds = { x, ...weightsOf(stage), ...drawn(stage, made, keys, types) };
        await programs.run(executable, only(feeds, types), { y, ...kept });
        inputs.push(x);
        residuals.push(kept);
        x = y;
      }

      // Loss
      const { loss, dHidden } = await head.backward(batch, x, keys.cycle);
      if (!Number.isFinite(loss)) return loss;

      // Backward
      let dy = dHidden;
      for (const [index, stage] of [...model.stages.entries()].toReversed()) {
        if (index < firstTrained) break;
        const [key, made] = programsOf(stage, batch);
        const executable = await programs.get(
          `${key} backward`,
          () => made.backward,
          memoryOf(stage, batchLengths),
        );
        const types = made.backward.inputs;
        const accumulators = accumulatorsOf(stage);
        const fetches: Record<string, Buffer> = {};
        const sums: Record<string, Buffer> = {};
        for (const [local, tensors] of Object.entries(accumulators)) {
          for (const [tensor, buffer] of Object.entries(tensors)) {
            sums[accumulatorName(local, tensor)] = buffer;
            fetches[nextAccumulatorName(local, tensor)] = buffer;
          }
        }
        const stageInput = inputs[index] ?? x;
        const feeds = {
          x: stageInput,
          dy: dy.view(staticShape("dy", made.y.shape)),
          ...weightsOf(stage),
          ...drawn(stage, made, keys, types),
          ...residuals[index],
          ...sums,
        };
        if (made.backward.outputs["dx"]) {
          fetches["dx"] = slots.take(`dx ${index % 2}`, stageInput.dtype, stageInput.shape);
        }
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
      let x = tokens(batch);
      for (const [index, stage] of model.stages.entries()) {
        const [key, made] = programsOf(stage, batch);
        const same = made.evaluate === made.forward;
        const name = `${key} ${same ? "forward" : "evaluate"}`;
        const executable = await programs.get(
          name,
          () => made.evaluate,
          memoryOf(stage, batchLengths),
        );
        const y = slots.take(
          `x ${index % 2 === 0 ? 1 : 2}`,
          "float32",
          staticShape("y", made.y.shape),
        );
        await programs.run(executable, only({ x, ...weightsOf(stage) }, made.evaluate.inputs), {
          y,
        });
        x = y;
      }
      return head.loss(batch, x);
    },
  };
}

/** The first stage with a trained parameter: the backward pass ends there. */
export function firstTrainedStage({ stages }: Model, plan: Plan): number {
  const index = stages.findIndex(({ params }) =>
    Object.values(params).some((name) => planOf(plan, name).training),
  );
  return index < 0 ? stages.length : index;
}

/**
 * Blocks run many times a step and keep their memory; what runs once a micro-step gets it anew each time. So do blocks when
 * there are many lengths of batches, each with programs of its own.
 */
const memoryOf = ({ attends }: Stage, lengths: readonly number[]): { readonly arena: boolean } => ({
  arena: attends && lengths.length <= 2,
});

type InputTypes = Readonly<
  Record<string, { readonly dtype: DType; readonly shape: readonly (number | string)[] }>
>;
