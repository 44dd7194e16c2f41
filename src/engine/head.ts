/** @file Running the head: loss and gradients over chunks of the vocabulary. */

import { planOf, type ParamTraining } from "./param-plan.ts";
import type { Batch } from "../data/batches/batches.ts";
import { headOf, headRows } from "../models/model.ts";
import type { WeightDType } from "../optim/rounding.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import {
  buildGradients,
  buildLoss,
  buildStatistics,
  buildWholeHead,
  type HeadParam,
  type HeadShape,
  type HeadTraining,
} from "./head-programs.ts";
import { copyInt32, type PipelineParts } from "./parts.ts";
import { accumulatorName, nextAccumulatorName, projectionName } from "./stage-programs.ts";
import { bufferOf, clear, mapRecord } from "./state.ts";

export interface Head {
  /** The summed loss; the gradients of the head's parameters go into their accumulators. `hidden` is [B, T, C]. */
  backward(
    batch: Batch,
    hidden: Buffer,
    cycle: number,
  ): Promise<{ readonly loss: number; readonly dHidden: Buffer }>;
  evaluate(batch: Batch, hidden: Buffer): Promise<Evaluated>;
}

/** Sums over the targets of a batch, by their weights. */
export interface Evaluated {
  readonly loss: number;
  /** Targets with the largest logit. */
  readonly correct: number;
}

interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** A parameter of the head by its name in the programs, and in the model. */
interface NamedParam {
  readonly param: HeadParam;
  readonly name: string;
  readonly training: ParamTraining | undefined;
  readonly dtype: WeightDType;
}

export function createHead(parts: PipelineParts): Head {
  const { shapes, model, plan, vocabularyChunk, state, programs, slots, draws } = parts;
  const { width } = model;
  const head = headOf(model);
  const params = [
    ["weight", head.weight],
    ["bias", head.bias],
  ] as const;
  const named = params.flatMap(([param, name]): NamedParam[] =>
    name === undefined ? [] : [{ ...planOf(plan, name), param }],
  );
  const training = trainingOf(named);
  const rows = headRows(model);
  const chunks = chunksOf(rows, vocabularyChunk);
  const whole = chunks.length === 1;
  // Large and rare: kept memory would cost more than fresh memory takes time.
  const options = { arena: whole && shapes.length <= 2 };

  const shapeOf = (tokens: number, { start, end }: Chunk): HeadShape => ({
    tokens,
    width,
    rows: end - start,
    softcap: head.softcap,
    params: Object.fromEntries(named.map(({ param, dtype }) => [param, dtype])),
  });
  const program = (kind: string, shape: HeadShape, build: Parameters<typeof programs.get>[1]) =>
    programs.get(`head ${kind} ${shape.tokens} ${shape.rows}`, build, options);

  const column = (slot: string, tokens: number) => slots.take(slot, "float32", [tokens, 1]);

  function prepare({ weights: shares, targets }: Batch, hidden: Buffer) {
    const tokens = targets.length;
    const weights = column("token weights", tokens);
    weights.write((elements) => copyFloat32(shares, elements));
    return {
      tokens,
      weights,
      hidden: hidden.view([tokens, width]),
      loss: slots.take("loss", "float32", []),
      correct: slots.take("correct", "float32", []),
    };
  }

  /** The parameters' rows of a chunk, or of all. */
  const paramsOf = ({ start, end }: Chunk): Buffers =>
    Object.fromEntries(
      named.map(({ param, name }) => {
        const buffer = bufferOf(state.weights, name);
        return [param, end - start === rows ? buffer : buffer.rows(start, end)];
      }),
    );

  /** The tensors of the accumulators under the names of a program, their rows of a chunk, or all. */
  function accumulators(
    { start, end }: Chunk,
    nameOf: (param: string, key: string) => string,
  ): Buffers {
    const entries = named.flatMap(({ param, name }) =>
      Object.entries(state.accumulators.get(name) ?? {}).map(([key, buffer]) => {
        return [nameOf(param, key), end - start === rows ? buffer : buffer.rows(start, end)];
      }),
    );
    return Object.fromEntries(entries);
  }

  function targetsOf({ targets: all }: Batch, { start }: Chunk): Buffer {
    const targets = slots.take("targets", "int32", [all.length, 1]);
    targets.write((elements) => {
      copyInt32(all, elements);
      if (elements instanceof Int32Array && start > 0) {
        for (const i of elements.keys()) elements[i] = (elements[i] ?? 0) - start;
      }
    });
    return targets;
  }

  /** Loss over all chunks; the statistics stay in their slots. */
  async function lossInChunks(
    batch: Batch,
    { tokens, hidden, weights, loss, correct }: ReturnType<typeof prepare>,
  ) {
    const statistics = {
      peak: column("peak", tokens),
      sum: column("sum", tokens),
      target: column("target logit", tokens),
    };
    statistics.peak.write((elements) => fillFloat32(elements, -1e30));
    clear(statistics.sum);
    clear(statistics.target);
    const next = {
      "peak'": column("next peak", tokens),
      "sum'": column("next sum", tokens),
      "target'": column("next target logit", tokens),
    };
    let from = statistics;
    let to = next;
    for (const chunk of chunks) {
      const shape = shapeOf(tokens, chunk);
      const executable = await program("statistics", shape, () => buildStatistics(shape));
      const targets = targetsOf(batch, chunk);
      await programs.run(executable, { hidden, ...paramsOf(chunk), targets, ...from }, to);
      const used = from;
      from = { peak: to["peak'"], sum: to["sum'"], target: to["target'"] };
      to = { "peak'": used.peak, "sum'": used.sum, "target'": used.target };
    }
    const shape = shapeOf(tokens, { start: 0, end: 0 });
    const executable = await program("loss", shape, () => buildLoss(shape));
    await programs.run(executable, { ...from, weights }, { loss, correct });
    return from;
  }

  const everything: Chunk = { start: 0, end: rows };

  return {
    async backward(batch, hiddenStates, cycle) {
      const prepared = prepare(batch, hiddenStates);
      const { tokens, weights, hidden, loss } = prepared;
      const dHidden = slots.take("dHidden", "float32", [tokens, width]);
      const a = projections(cycle);
      if (whole) {
        const shape = shapeOf(tokens, everything);
        const executable = await program("whole", shape, () => buildWholeHead(shape, training));
        await programs.run(
          executable,
          {
            hidden,
            weights,
            targets: targetsOf(batch, everything),
            ...paramsOf(everything),
            ...accumulators(everything, accumulatorName),
            ...a,
          },
          { loss, dHidden, ...accumulators(everything, nextAccumulatorName) },
        );
        return { loss: await numberOf(loss), dHidden };
      }

      const { peak, sum } = await lossInChunks(batch, prepared);
      clear(dHidden);
      for (const chunk of chunks) {
        const shape = shapeOf(tokens, chunk);
        const executable = await program("gradients", shape, () => buildGradients(shape, training));
        await programs.run(
          executable,
          {
            hidden,
            weights,
            peak,
            sum,
            dHidden,
            targets: targetsOf(batch, chunk),
            ...paramsOf(chunk),
            ...accumulators(chunk, accumulatorName),
            ...a,
          },
          { "dHidden'": dHidden, ...accumulators(chunk, nextAccumulatorName) },
        );
      }
      return { loss: await numberOf(loss), dHidden };
    },

    async evaluate(batch, hiddenStates) {
      const prepared = prepare(batch, hiddenStates);
      const { tokens, weights, hidden, loss, correct } = prepared;
      if (whole) {
        const shape = shapeOf(tokens, everything);
        const executable = await program("evaluate", shape, () => buildWholeHead(shape, undefined));
        const targets = targetsOf(batch, everything);
        const feeds = { hidden, weights, targets, ...paramsOf(everything) };
        await programs.run(executable, feeds, { loss, correct });
      } else {
        await lossInChunks(batch, prepared);
      }
      return { loss: await numberOf(loss), correct: await numberOf(correct) };
    },
  };

  function projections(cycle: number): Buffers {
    return mapRecord(
      Object.fromEntries(
        named.flatMap(({ param, name, training: own }) =>
          own?.gradientProjection
            ? [[projectionName(param), { name, projection: own.gradientProjection }] as const]
            : [],
        ),
      ),
      ({ name, projection }, slot) => {
        const a = slots.take(slot, "float32", [projection.rank, projection.dimension]);
        draws.projection(name, cycle, projection, a);
        return a;
      },
    );
  }
}

const trainingOf = (named: readonly NamedParam[]): HeadTraining =>
  Object.fromEntries(
    named.flatMap(({ param, training }) => (training ? [[param, training] as const] : [])),
  );

/** Chunks of at most `size` rows, as equal as possible: few shapes, few programs. */
function chunksOf(rows: number, size: number): readonly Chunk[] {
  const count = Math.ceil(rows / size);
  const each = Math.ceil(rows / count);
  return Array.from({ length: count }, (_, i) => ({
    start: i * each,
    end: Math.min(rows, (i + 1) * each),
  }));
}

export async function numberOf(buffer: Buffer): Promise<number> {
  const [value] = await buffer.read();
  return Number(value);
}

export function copyFloat32(from: Float32Array, to: unknown): void {
  if (!(to instanceof Float32Array)) throw new Error("internal: float32 expected");
  to.set(from);
}

function fillFloat32(to: unknown, value: number): void {
  if (!(to instanceof Float32Array)) throw new Error("internal: float32 expected");
  to.fill(value);
}
