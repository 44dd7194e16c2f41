/**
 * @file Cross-entropy over the rows of an output embedding or of a classifier: loss and gradients over chunks of the vocabulary.
 *
 *   L = -Σ w_i log p(target_i)         w the weights of the batch; in training with smoothed targets, where that is asked for, and
 *                                      with those of a teacher, where the batch has them
 *
 * In chunks both passes see the rows that count alone (`counted-rows.ts`). Where the logits of these are small enough, the first pass
 * keeps them for the second.
 *
 * An objective over whole answers, a preference between two of them say, is a cross-entropy whose weights depend on the
 * log-probabilities: dL/dθ = -Σ w_i d log p_i/dθ with w_i = -dL/d log p_i, found on the host between the two passes.
 */

import { UsageError } from "../../errors.ts";
import type { Batch } from "../../models/batch.ts";
import { headOf, headRows } from "../../models/model.ts";
import type { ParamSpec } from "../../nn/params.ts";
import type { WeightDType } from "../../optim/rounding.ts";
import { bufferOf, clear, fill, floats, numberOf, setElements } from "../../runtime/buffers.ts";
import { only } from "../../runtime/programs.ts";
import type { Buffer, Views } from "../../runtime/runtime.ts";
import type { Smoothing } from "../../nn/loss.ts";
import { accumulatorName, cotangentSlot, nextName, projectionName } from "../parts/names.ts";
import { type ParamTraining, planOf, type Rows } from "../parts/param-plan.ts";
import type { EngineParts } from "../parts/parts.ts";
import { subspaceMatrix } from "../parts/subspace.ts";
import {
  buildGradients,
  buildLikelihood,
  buildLoss,
  buildStatistics,
  buildWholeHead,
  BIAS,
  type HeadShape,
  type HeadTraining,
  WEIGHT,
} from "./cross-entropy-programs.ts";
import { takeAllRows, takeCountedRows } from "./counted-rows.ts";
import type { Head, Objective, Sums } from "./objective.ts";

/** The loss of a batch from the log-probabilities of its targets [N], and w [N]. */
export type Weighing = (logProbabilities: Float32Array, batch: Batch) => Weighed;

/** What a weighing finds in a batch. */
export interface Weighed {
  readonly loss: number;
  /** w */
  readonly weights: Float32Array;
  /** What counts as right; the targets with the largest logit if absent. */
  readonly correct?: number;
  /** Sums of what is told beside the loss, by name. */
  readonly told?: Sums;
}

/** How cross-entropy is weighed. */
export interface CrossEntropyOptions {
  /** The weights of the batch if absent. */
  readonly weigh?: Weighing;
  /** ε: the share of each target that is spread over all classes, in training only; 0 by default. It goes with no weighing. */
  readonly labelSmoothing?: number;
}

/** The mean negative log-likelihood of the targets, in nats per unit of weight: what models of tokens and classes learn by. */
export function crossEntropy(options: CrossEntropyOptions = {}): Objective {
  const { weigh, labelSmoothing = 0 } = options;
  if (weigh && labelSmoothing > 0) {
    throw new UsageError("crossEntropy: takes a weighing or smoothed labels; got both");
  }
  return { name: "cross-entropy", open: (parts) => createHead(parts, options) };
}

/** Logits are kept from the first pass to the second up to this size: to compute them once more costs a product with the whole table. */
const KEPT_LOGITS_BYTES = 64e6;

/** Whether the logits of so many rows wait for the second pass. */
export const keepsLogitsOf = (rows: number, vocabulary: number): boolean =>
  rows * vocabulary * 4 <= KEPT_LOGITS_BYTES;

/** A log-probability that every real one exceeds. */
const LOWEST = -1e30;

/** What stands in place of targets of one token. */
interface Softening {
  readonly smoothing?: Smoothing | undefined;
  /** Tokens of a target; undefined where there is one. */
  readonly choices?: number | undefined;
}

/** A parameter of the head by its name in the programs, and in the model. */
interface NamedParam {
  readonly param: string;
  readonly name: string;
  readonly spec: ParamSpec;
  readonly training: ParamTraining | undefined;
  readonly dtype: WeightDType;
  readonly key: string;
  /** Whether it has a row for each row of the head; what has none belongs to all chunks. */
  readonly isInRows: boolean;
}

function createHead(parts: EngineParts, { weigh, labelSmoothing = 0 }: CrossEntropyOptions): Head {
  const { shapes, model, plan, vocabularyChunk, state, programs, slots } = parts;
  const { width } = model;
  const head = headOf(model);
  const { adapter } = head;
  const params = [
    [WEIGHT, head.weight],
    [BIAS, head.bias],
    ...Object.entries(adapter?.params ?? {}),
  ] as const;
  const named = params.flatMap(([param, name]): NamedParam[] => {
    const isInRows = param === WEIGHT || param === BIAS || adapter?.inRows.includes(param) === true;
    return name === undefined ? [] : [{ ...planOf(plan, name), param, isInRows }];
  });
  const rows = headRows(model);
  const whole = rows <= vocabularyChunk && !weigh;
  const chunks = chunksOf(rows, vocabularyChunk, edgesOf(named));
  // Large and rare: kept memory would cost more than fresh memory takes time.
  const options = { arena: whole && shapes.length <= 2 };

  // A weighing looks at the whole batch, and a small head saves less than programs for every number of rows would take.
  const takeRows = weigh || whole ? takeAllRows : takeCountedRows(parts);

  const smoothed = labelSmoothing === 0 ? undefined : { share: labelSmoothing, classes: rows };

  const shapeOf = (
    tokens: number,
    { start, end }: Rows,
    { smoothing, choices }: Softening = {},
  ): HeadShape => ({
    tokens,
    width,
    rows: end - start,
    softcap: head.softcap,
    smoothing,
    choices,
    params: Object.fromEntries(
      named.map(({ param, dtype, spec: { shape }, isInRows }) => [
        param,
        { dtype, shape: isInRows ? shape.with(0, end - start) : shape },
      ]),
    ),
    adapter,
  });
  const everything: Rows = { start: 0, end: rows };

  const treatments = [...named.map(({ key }) => key), adapter?.kind ?? ""].join();
  const program = (kind: string, shape: HeadShape, build: Parameters<typeof programs.get>[1]) =>
    programs.get(
      `head ${kind} ${shape.smoothing?.share ?? 0} ${shape.choices ?? 0} ${shape.tokens} ${shape.rows} ${shape.keepsLogits === true} ${treatments}`,
      build,
      options,
    );

  const column = (slot: string, tokens: number) => slots.take(slot, "float32", [tokens, 1]);

  async function prepare(all: Batch, hiddenStates: Buffer) {
    const { batch, hidden, scatter } = await takeRows(all, hiddenStates);
    const tokens = batch.targets.length;
    const weights = column("token weights", tokens);
    setElements(weights, batch.weights);
    return {
      batch,
      tokens,
      weights,
      hidden: hidden.view([tokens, width]),
      scatter,
      correct: slots.take("correct", "float32", []),
    };
  }

  /** The parameters' rows of a chunk, or of all. */
  const paramsOf = ({ start, end }: Rows): Views =>
    Object.fromEntries(
      named.map(({ param, name, isInRows }) => {
        const buffer = bufferOf(state.weights, name);
        return [param, !isInRows || end - start === rows ? buffer : buffer.rows(start, end)];
      }),
    );

  /** The tensors of the accumulators under their names in a program, their rows of a chunk, or all. */
  function accumulators(chunk: Rows, nameOf: (name: string) => string = (name) => name): Views {
    const entries = trainedIn(named, chunk).flatMap(({ param, name, training, isInRows }) =>
      Object.entries(state.accumulators.get(name) ?? {}).map(([key, buffer]) => {
        const own = nameOf(accumulatorName(param, key));
        const { start: first, end: last } = training.rows ?? everything;
        const isWhole = !isInRows || (chunk.start <= first && chunk.end >= last);
        return [own, isWhole ? buffer : buffer.rows(chunk.start - first, chunk.end - first)];
      }),
    );
    return Object.fromEntries(entries);
  }

  /** The targets relative to a chunk, with their shares where they are several tokens, which shows in the shape. */
  function targetsOf({ soft, ...batch }: Batch, { start }: Rows, { choices }: HeadShape): Views {
    const isSoft = soft !== undefined && choices !== undefined;
    const all = isSoft ? soft.ids : batch.targets;
    const shape = [batch.targets.length, choices ?? 1];
    const targets = slots.take("targets", "int32", shape);
    setElements(targets, start === 0 ? all : all.map((target) => target - start));
    if (!isSoft) return { targets };
    const shares = slots.take("target shares", "float32", shape);
    setElements(shares, soft.shares);
    return { targets, shares };
  }

  /** The kept logits of a chunk. */
  const logitsOf = (tokens: number, { start, end }: Rows): Views => ({
    logits: slots.take(`logits ${start}`, "float32", [tokens, end - start]),
  });

  /** Statistics and loss over all chunks; they stay in their slots, and so do the weights. */
  async function lossInChunks(
    { batch, tokens, hidden, weights, correct }: Awaited<ReturnType<typeof prepare>>,
    loss: Buffer,
    { keepsLogits = false, ...softening }: Softening & { readonly keepsLogits?: boolean } = {},
  ) {
    const statistics = {
      peak: column("peak", tokens),
      sum: column("sum", tokens),
      target: column("target logit", tokens),
    };
    fill(statistics.peak, LOWEST);
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
      const shape = { ...shapeOf(tokens, chunk, softening), keepsLogits };
      const executable = await program("statistics", shape, () => buildStatistics(shape));
      const feeds = { hidden, ...paramsOf(chunk), ...targetsOf(batch, chunk, shape), ...from };
      await programs.run(executable, feeds, { ...to, ...(keepsLogits && logitsOf(tokens, chunk)) });
      const used = from;
      from = { peak: to["peak'"], sum: to["sum'"], target: to["target'"] };
      to = { "peak'": used.peak, "sum'": used.sum, "target'": used.target };
    }
    const shape = shapeOf(tokens, { start: 0, end: 0 });
    const executable = await program("loss", shape, () => buildLoss(shape));
    await programs.run(executable, { ...from, weights }, { loss, correct });
    if (weigh) {
      const logProbability = column("log-probability", tokens);
      const likelihood = await program("likelihood", shape, () => buildLikelihood(shape));
      await programs.run(likelihood, from, { logProbability });
      const found = weigh(floats(await logProbability.read()), batch);
      setElements(weights, found.weights);
      fill(loss, found.loss);
      if (found.correct !== undefined) fill(correct, found.correct);
      return { ...from, told: found.told };
    }
    return { ...from, told: undefined };
  }

  return {
    async backward(all, hiddenStates, { cycle, loss, tell }) {
      const prepared = await prepare(all, hiddenStates);
      const { batch, tokens, weights, hidden, scatter } = prepared;
      const dHidden = slots.take(cotangentSlot(model.stages.length), "float32", [tokens, width]);
      const a = projections(cycle);
      const softening = { smoothing: smoothed, choices: batch.soft?.choices };
      if (whole) {
        const shape = shapeOf(tokens, everything, softening);
        const executable = await program("whole", shape, () =>
          buildWholeHead(shape, trainingOf(named, everything)),
        );
        await programs.run(
          executable,
          {
            hidden,
            weights,
            ...targetsOf(batch, everything, shape),
            ...paramsOf(everything),
            ...accumulators(everything),
            ...a,
          },
          { loss, dHidden, ...accumulators(everything, nextName) },
        );
        return dHidden;
      }

      const keepsLogits = keepsLogitsOf(tokens, rows);
      const how = { keepsLogits, ...softening };
      const { peak, sum, told } = await lossInChunks(prepared, loss, how);
      if (told) tell(told);
      clear(dHidden);
      for (const chunk of chunks) {
        const shape = { ...shapeOf(tokens, chunk, softening), keepsLogits };
        const training = trainingOf(named, chunk);
        const kind = `gradients of ${Object.keys(training).join()}`;
        const executable = await program(kind, shape, () => buildGradients(shape, training));
        const feeds = {
          hidden,
          weights,
          peak,
          sum,
          dHidden,
          ...targetsOf(batch, chunk, shape),
          ...paramsOf(chunk),
          ...(keepsLogits && logitsOf(tokens, chunk)),
          ...accumulators(chunk),
          ...a,
        };
        // Known logits need no bias, and hidden states only where the table is trained.
        await programs.run(executable, only(feeds, executable.program.inputs), {
          "dHidden'": dHidden,
          ...accumulators(chunk, nextName),
        });
      }
      return scatter(dHidden);
    },

    async evaluate(all, hiddenStates) {
      const prepared = await prepare(all, hiddenStates);
      const { batch, tokens, weights, hidden, correct } = prepared;
      const loss = slots.take("held-out loss", "float32", []);
      let told: Sums | undefined;
      if (whole) {
        const shape = shapeOf(tokens, everything);
        const executable = await program("evaluate", shape, () => buildWholeHead(shape, undefined));
        const targets = targetsOf(batch, everything, shape);
        const feeds = { hidden, weights, ...targets, ...paramsOf(everything) };
        await programs.run(executable, feeds, { loss, correct });
      } else {
        ({ told } = await lossInChunks(prepared, loss));
      }
      return {
        loss: await numberOf(loss),
        correct: await numberOf(correct),
        tokens: batch.lossTokens,
        ...(told && { told }),
      };
    },
  };

  /** The projection matrices of the head's parameters, by their names in its programs. */
  function projections(cycle: number): Views {
    const compressed = named.filter(({ training: own }) => own?.gradientProjection);
    return Object.fromEntries(
      compressed.map(({ param, name }) => {
        const slot = projectionName(param);
        return [slot, subspaceMatrix(parts, name, { cycle, slot })];
      }),
    );
  }
}

/** The parameters of which rows of a chunk are trained: no chunk has some that are and some that are not. */
const trainedIn = (named: readonly NamedParam[], { start, end }: Rows) =>
  named.flatMap(({ param, name, training, isInRows }) => {
    const rows = training?.rows;
    const isOutside = rows && (end <= rows.start || start >= rows.end);
    return training && !isOutside ? [{ param, name, training, isInRows }] : [];
  });

const trainingOf = (named: readonly NamedParam[], chunk: Rows): HeadTraining =>
  Object.fromEntries(trainedIn(named, chunk).map(({ param, training }) => [param, training]));

/** Where rows that are trained begin and end. */
const edgesOf = (named: readonly NamedParam[]): readonly number[] =>
  named.flatMap(({ training }) => (training?.rows ? Object.values(training.rows) : []));

/** Chunks of at most `size` rows between edges, as equal as possible: few shapes, few programs. */
function chunksOf(rows: number, size: number, edges: readonly number[]): readonly Rows[] {
  const bounds = [...new Set([0, ...edges, rows])].toSorted((a, b) => a - b);
  return bounds.slice(1).flatMap((bound, i) => {
    const first = bounds[i] ?? 0;
    const count = Math.ceil((bound - first) / size);
    const each = Math.ceil((bound - first) / count);
    return Array.from({ length: count }, (_, k) => ({
      start: first + k * each,
      end: Math.min(bound, first + (k + 1) * each),
    }));
  });
}
