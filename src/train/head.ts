/** @file Running the head: loss and gradients over chunks of the vocabulary. */

import type { Batch } from "../data/batches.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import {
  buildGradients,
  buildLoss,
  buildStatistics,
  buildWholeHead,
  HEAD_WEIGHT,
  type HeadShape,
} from "./head-programs.ts";
import { copyInt32, type PipelineParts, planOf } from "./parts.ts";
import { accumulatorName, nextAccumulatorName, projectionName } from "./stage-programs.ts";
import { bufferOf, clear, mapRecord } from "./state.ts";

export interface Head {
  /** The summed loss; the gradient of the output embedding goes into its accumulator. `hidden` is [B, T, C]. */
  backward(
    batch: Batch,
    hidden: Buffer,
    cycle: number,
  ): Promise<{ readonly loss: number; readonly dHidden: Buffer }>;
  loss(batch: Batch, hidden: Buffer): Promise<number>;
}

interface Chunk {
  readonly start: number;
  readonly end: number;
}

export function createHead({
  batchLengths,
  model,
  plan,
  config,
  state,
  programs,
  slots,
  draws,
}: PipelineParts): Head {
  const { width, vocabularySize, head: name } = model;
  const { training } = planOf(plan, name);
  const chunks = chunksOf(vocabularySize, config.vocabularyChunk);
  const whole = chunks.length === 1;
  // Large and rare: kept memory would cost more than fresh memory takes time.
  const options = { arena: whole && batchLengths.length <= 2 };

  const shapeOf = (batch: Batch, { start, end }: Chunk): HeadShape => ({
    tokens: batch.size * batch.length,
    width,
    rows: end - start,
  });
  const program = (kind: string, shape: HeadShape, build: Parameters<typeof programs.get>[1]) =>
    programs.get(`head ${kind} ${shape.tokens} ${shape.rows}`, build, options);

  const column = (slot: string, tokens: number) => slots.take(slot, "float32", [tokens, 1]);

  function prepare(batch: Batch, hidden: Buffer) {
    const tokens = batch.size * batch.length;
    const weights = column("token weights", tokens);
    weights.write((elements) => copyFloat32(batch.weights, elements));
    return {
      tokens,
      weights,
      hidden: hidden.view([tokens, width]),
      loss: slots.take("loss", "float32", []),
    };
  }

  function targetsOf(batch: Batch, { start }: Chunk): Buffer {
    const targets = slots.take("targets", "int32", [batch.size * batch.length, 1]);
    targets.write((elements) => {
      copyInt32(batch.targets, elements);
      if (elements instanceof Int32Array && start > 0) {
        for (const i of elements.keys()) elements[i] = (elements[i] ?? 0) - start;
      }
    });
    return targets;
  }

  /** Loss over all chunks; the statistics stay in their slots. */
  async function lossInChunks(batch: Batch, hidden: Buffer, weights: Buffer, loss: Buffer) {
    const tokens = batch.size * batch.length;
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
      const shape = shapeOf(batch, chunk);
      const executable = await program("statistics", shape, () => buildStatistics(shape));
      const weight = bufferOf(state.weights, name).rows(chunk.start, chunk.end);
      const targets = targetsOf(batch, chunk);
      await programs.run(executable, { hidden, [HEAD_WEIGHT]: weight, targets, ...from }, to);
      const used = from;
      from = { peak: to["peak'"], sum: to["sum'"], target: to["target'"] };
      to = { "peak'": used.peak, "sum'": used.sum, "target'": used.target };
    }
    const shape = { tokens, width, rows: 0 };
    const executable = await program("loss", shape, () => buildLoss(shape));
    await programs.run(executable, { ...from, weights }, { loss });
    return from;
  }

  return {
    async backward(batch, hiddenStates, cycle) {
      const { tokens, weights, hidden, loss } = prepare(batch, hiddenStates);
      const accumulated = state.accumulators.get(name) ?? {};
      const dHidden = slots.take("dHidden", "float32", [tokens, width]);
      const a = projection(cycle);
      if (whole) {
        const shape = shapeOf(batch, { start: 0, end: vocabularySize });
        const executable = await program("whole", shape, () => buildWholeHead(shape, { training }));
        await programs.run(
          executable,
          {
            hidden,
            weights,
            targets: targetsOf(batch, { start: 0, end: 0 }),
            [HEAD_WEIGHT]: bufferOf(state.weights, name),
            ...named(accumulated, accumulatorName),
            ...a,
          },
          { loss, dHidden, ...named(accumulated, nextAccumulatorName) },
        );
        return { loss: await numberOf(loss), dHidden };
      }

      const { peak, sum } = await lossInChunks(batch, hidden, weights, loss);
      clear(dHidden);
      for (const chunk of chunks) {
        const shape = shapeOf(batch, chunk);
        const executable = await program("gradients", shape, () =>
          buildGradients(shape, { training }),
        );
        const rows = mapRecord(accumulated, (each) => each.rows(chunk.start, chunk.end));
        await programs.run(
          executable,
          {
            hidden,
            weights,
            peak,
            sum,
            dHidden,
            targets: targetsOf(batch, chunk),
            [HEAD_WEIGHT]: bufferOf(state.weights, name).rows(chunk.start, chunk.end),
            ...named(rows, accumulatorName),
            ...a,
          },
          { "dHidden'": dHidden, ...named(rows, nextAccumulatorName) },
        );
      }
      return { loss: await numberOf(loss), dHidden };
    },

    async loss(batch, hiddenStates) {
      const { weights, hidden, loss } = prepare(batch, hiddenStates);
      if (!whole) {
        await lossInChunks(batch, hidden, weights, loss);
        return numberOf(loss);
      }
      const shape = shapeOf(batch, { start: 0, end: vocabularySize });
      const executable = await program("evaluate", shape, () => buildWholeHead(shape, undefined));
      const weight = bufferOf(state.weights, name);
      const targets = targetsOf(batch, { start: 0, end: 0 });
      await programs.run(executable, { hidden, weights, targets, [HEAD_WEIGHT]: weight }, { loss });
      return numberOf(loss);
    },
  };

  function projection(cycle: number): Buffers {
    const gradientProjection = training?.gradientProjection;
    if (!gradientProjection) return {};
    const { rank, dimension } = gradientProjection;
    const a = slots.take(projectionName(HEAD_WEIGHT), "float32", [rank, dimension]);
    draws.projection(name, cycle, gradientProjection, a);
    return { [projectionName(HEAD_WEIGHT)]: a };
  }
}

/** The tensors of the accumulator under the names of a program. */
const named = (tensors: Buffers, nameOf: (param: string, key: string) => string): Buffers =>
  Object.fromEntries(
    Object.entries(tensors).map(([key, buffer]) => [nameOf(HEAD_WEIGHT, key), buffer]),
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

async function numberOf(buffer: Buffer): Promise<number> {
  const [value] = await buffer.read();
  return Number(value);
}

function copyFloat32(from: Float32Array, to: unknown): void {
  if (!(to instanceof Float32Array)) throw new Error("internal: float32 expected");
  to.set(from);
}

function fillFloat32(to: unknown, value: number): void {
  if (!(to instanceof Float32Array)) throw new Error("internal: float32 expected");
  to.fill(value);
}
