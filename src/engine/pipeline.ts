/**
 * @file One micro-batch: forward through the stages, the loss, and back, each gradient folded into its accumulator where it is born.
 *
 * Only the stages' inputs (and residuals, without activation checkpointing) live from the forward to the backward pass. In an
 * encoder-decoder model the cotangents of the encoder's output add up over the blocks of the decoder, and the sum goes on into the encoder.
 */

import { mapTensors } from "../graph/tensors.ts";
import type { ValueType } from "../graph/value.ts";
import type { Batch } from "../models/batch.ts";
import { ENCODER_OUTPUT, type Stage } from "../models/model.ts";
import { noiseBound } from "../nn/token-embedding.ts";
import { scalesName } from "../nn/weights-at-rest.ts";
import { bufferOf, clear, releaseAll } from "../runtime/buffers.ts";
import { only } from "../runtime/programs.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import { staticShape } from "../tensor/shape.ts";
import type { EvaluationSums, Head, HeadTargets } from "./objectives/objective.ts";
import {
  accumulatorName,
  cotangentSlot,
  ENCODER_COTANGENT,
  nextName,
  NOISE,
  projectionName,
  scratchSlot,
} from "./parts/names.ts";
import { planOf } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { reset } from "./parts/state.ts";
import { subspaceMatrix } from "./parts/subspace.ts";
import { chainOf, type Link } from "./stages.ts";

/** Which projections and masks a micro-step draws. */
export interface MicroStepKeys {
  readonly cycle: number;
  /** Micro-steps of the run so far. */
  readonly microStep: number;
}

/** What a forward pass leaves for the backward pass. */
export interface Forward {
  readonly links: readonly Link[];
  readonly keys: MicroStepKeys;
  /** What the batch was copied to, by the names of the model's inputs; to be released after the backward pass. */
  readonly fed: Buffers;
  /** Those, and the output of the encoder. */
  readonly inputs: Buffers;
  /** What each stage started from. */
  readonly starts: readonly Buffer[];
  readonly residuals: readonly Buffers[];
  /** The cotangent of the last hidden states. */
  readonly dHidden: Buffer;
}

/** A gradient that has no accumulator to wait in. */
export interface LooseGradient {
  readonly name: string;
  /** A scratch accumulator that holds it until the next one comes. */
  readonly accumulator: Buffers;
}

/** What the backward pass of a stage leaves, or before the first of them that of the loss. */
export interface StageGradients {
  /** Gradients without an accumulator; their parameters are not used again, so that they may be updated at once. */
  readonly loose: readonly LooseGradient[];
  /** Parameters whose accumulators this micro-batch does not touch any more. */
  readonly complete: readonly string[];
}

export interface Pipeline {
  /** The forward pass of a micro-batch; the sum of its loss over the tokens that count, in nats, goes into `loss`, a scalar. */
  forward(batch: Batch, keys: MicroStepKeys, to: Omit<HeadTargets, "cycle">): Promise<Forward>;
  /** The backward pass, stage by stage. Gradients go into their accumulators, or are handed out. */
  backward(forward: Forward): AsyncGenerator<StageGradients, void, undefined>;
  /** The sums of a batch, without dropout and gradients. */
  evaluate(batch: Batch): Promise<EvaluationSums>;
}

export function createPipeline(parts: EngineParts, head: Head): Pipeline {
  const { model, neftuneAlpha, state, programs, slots, draws, shapes, runtime } = parts;
  const { plan } = parts;
  const chain = chainOf(parts);
  const uses = model.stages.map(({ params }, index) =>
    Object.values(params).map((name) => [name, index] as const),
  );
  const firstUses = new Map(uses.toReversed().flat());

  const weightsOf = (stage: Stage): Buffers =>
    Object.fromEntries(
      Object.entries(stage.params).flatMap(([local, name]) => {
        const scales = state.weights.get(scalesName(name));
        return [
          [local, bufferOf(state.weights, name)] as const,
          ...(scales ? [[scalesName(local), scales] as const] : []),
        ];
      }),
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
    const noisy = made.isNoisy ? inputs[NOISE] : undefined;
    if (noisy) {
      const shape = staticShape(NOISE, noisy.shape); // [B, T, C]
      const noise = slots.take(NOISE, "float32", shape);
      draws.embeddingNoise(index, keys.microStep, noiseBound(neftuneAlpha, shape), noise);
      feeds[NOISE] = noise;
    }
    for (const [local, name] of Object.entries(stage.params)) {
      const slot = projectionName(local);
      if (inputs[slot]) feeds[slot] = subspaceMatrix(parts, name, { cycle: keys.cycle, slot });
    }
    return feeds;
  }

  const copied = ({ inputs }: Batch): Buffers =>
    mapTensors(inputs, (tensor) => runtime.adopt(tensor));

  /** Accumulators of a stage's trained parameters by local name: their own, or scratch ones that are cleared for them. */
  function accumulatorsOf(stage: Stage): Readonly<Record<string, Buffers>> {
    return Object.fromEntries(
      Object.entries(stage.params).flatMap(([local, name]) => {
        const { training } = planOf(plan, name);
        if (!training) return [];
        const own = state.accumulators.get(name);
        if (own) return [[local, own]];
        const specs = training.accumulator.state;
        const scratch = mapTensors(specs, ({ dtype = "float32", shape }, key) =>
          slots.take(scratchSlot(stage.kind, local, key), dtype, shape),
        );
        reset(scratch, specs);
        return [[local, scratch]];
      }),
    );
  }

  /** What a stage starts from: an input of the model, or what the stage before made. */
  function startOf({ stage }: Link, inputs: Buffers, x: Buffer | undefined): Buffer {
    const start = stage.source === undefined ? x : inputs[stage.source];
    if (start) return start;
    throw new Error(`internal: nothing for ${stage.kind} to start from`);
  }

  return {
    async forward(batch, keys, to) {
      const links = chain(batch.inputs);
      const fed = copied(batch);
      const inputs: Record<string, Buffer> = { ...fed };
      const starts: Buffer[] = [];
      const residuals: Buffers[] = [];
      let last: Buffer | undefined;
      for (const link of links) {
        const { stage, index, made } = link;
        const { inputs: types } = made.forward;
        const x = startOf(link, inputs, last);
        const key = `${link.key} forward`;
        const executable = await programs.get(key, () => made.forward, memoryOf(stage, shapes));
        const kept = mapTensors(made.residuals, ({ dtype, shape }, name) =>
          slots.take(`${index} ${name}`, dtype, staticShape(name, shape)),
        );
        const y = slots.take(`x ${index + 1}`, "float32", staticShape("y", made.y.shape));
        const feeds = { ...inputs, x, ...weightsOf(stage), ...drawn(link, keys, types) };
        await programs.run(executable, only(feeds, types), { y, ...kept });
        starts.push(x);
        residuals.push(kept);
        last = y;
        if (index === model.encoderEnd) inputs[ENCODER_OUTPUT] = y;
      }
      if (!last) throw new Error("internal: a model without stages");
      const dHidden = await head.backward(batch, last, { ...to, cycle: keys.cycle });
      return { links, keys, fed, inputs, starts, residuals, dHidden };
    },

    async *backward({ links, keys, inputs, starts, residuals, dHidden }) {
      let dy = dHidden;
      yield { loose: [], complete: completeAt(undefined) };
      const dEncoded = encoderCotangent(links);
      for (const link of links.toReversed()) {
        const { stage, index, made } = link;
        const { backward } = made;
        if (!backward) continue;
        if (index === model.encoderEnd && dEncoded) dy = dEncoded;
        const { inputs: types } = backward;
        const key = `${link.key} backward`;
        const executable = await programs.get(key, () => backward, memoryOf(stage, shapes));
        const accumulators = accumulatorsOf(stage);
        const fetches: Record<string, Buffer> = {};
        const sums: Record<string, Buffer> = {};
        for (const [local, tensors] of Object.entries(accumulators)) {
          for (const [tensor, buffer] of Object.entries(tensors)) {
            const name = accumulatorName(local, tensor);
            sums[name] = buffer;
            fetches[nextName(name)] = buffer;
          }
        }
        const x = starts[index];
        if (!x) throw new Error(`internal: ${stage.kind} started from nothing`);
        const feeds = {
          ...inputs,
          x,
          dy: dy.view(staticShape("dy", made.y.shape)),
          ...weightsOf(stage),
          ...drawn(link, keys, types),
          ...residuals[index],
          ...sums,
          ...(dEncoded && { [ENCODER_COTANGENT]: dEncoded }),
        };
        if (backward.outputs["dx"])
          fetches["dx"] = slots.take(cotangentSlot(index), x.dtype, x.shape);
        if (dEncoded && types[ENCODER_COTANGENT]) fetches[nextName(ENCODER_COTANGENT)] = dEncoded;
        await programs.run(executable, only(feeds, types), fetches);
        dy = fetches["dx"] ?? dy;

        const loose = Object.entries(stage.params).flatMap(([local, name]) => {
          const accumulator = accumulators[local];
          return accumulator && !state.accumulators.has(name) ? [{ name, accumulator }] : [];
        });
        yield { loose, complete: completeAt(index) };
      }
    },

    async evaluate(batch) {
      const fed = copied(batch);
      const inputs: Record<string, Buffer> = { ...fed };
      let last: Buffer | undefined;
      for (const link of chain(batch.inputs)) {
        const { stage, index, made } = link;
        const same = made.evaluate === made.forward;
        const key = `${link.key} ${same ? "forward" : "evaluate"}`;
        const executable = await programs.get(key, () => made.evaluate, memoryOf(stage, shapes));
        // The encoder's output lives on, in the slot that it has in training.
        const slot = `x ${index === model.encoderEnd ? index + 1 : (index % 2) + 1}`;
        const y = slots.take(slot, "float32", staticShape("y", made.y.shape));
        const feeds = { ...inputs, x: startOf(link, inputs, last), ...weightsOf(stage) };
        await programs.run(executable, only(feeds, made.evaluate.inputs), { y });
        last = y;
        if (index === model.encoderEnd) inputs[ENCODER_OUTPUT] = y;
      }
      if (!last) throw new Error("internal: a model without stages");
      const sums = await head.evaluate(batch, last);
      releaseAll(Object.values(fed));
      return sums;
    },
  };

  /** Parameters whose first use is in a stage, which is the last to add to their gradients; those of no stage are used by the head alone. */
  function completeAt(index: number | undefined): readonly string[] {
    return [...state.accumulators.keys()].filter((name) => firstUses.get(name) === index);
  }

  /** A cleared sum for the cotangents of the encoder's output, where they are wanted. */
  function encoderCotangent(links: readonly Link[]): Buffer | undefined {
    const made = links[model.encoderEnd ?? -1]?.made;
    if (!made?.backward) return undefined;
    const sum = slots.take(ENCODER_COTANGENT, "float32", staticShape("encoded", made.y.shape));
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
  shapes: EngineParts["shapes"],
): { readonly arena: boolean } => ({ arena: attends && shapes.length <= 2 });

type Types = Readonly<Record<string, ValueType>>;
