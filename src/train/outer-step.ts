/**
 * @file Ranks that step by themselves, and meet every so many steps: DiLoCo (Douillard et al., 2023, arXiv:2311.08105, algorithm 1).
 *
 *   Δ = θ - mean of all θᵢ        θ: the weights after the last meeting
 *   m ← μ m + Δ
 *   θ ← θ - η (Δ + μ m)           Nesterov's momentum
 *
 * Unlike there, what optimizers remember is averaged too: after a meeting all ranks are in one state, which is that of a checkpoint, and
 * which any number of ranks goes on with.
 */

import type { Collective } from "../collective/index.ts";
import type { TrainState } from "../engine/parts/state.ts";
import { option, UsageError } from "../errors.ts";
import { foldIn, randomKey } from "../random/index.ts";
import { bufferOf, floats, setElements } from "../runtime/buffers.ts";
import type { Buffer } from "../runtime/runtime.ts";
import { mergeSchedule } from "./setup/merge-schedule.ts";
import type { Run } from "./setup/run.ts";
import { codingsOf } from "./ranks/exchange-coding.ts";

export interface OuterStep {
  /** m, by parameter. */
  readonly momentum: ReadonlyMap<string, Buffer>;
  /** Takes the weights as those after a meeting. */
  begin(): Promise<void>;
  /** Brings all ranks to one state after so many steps of the run. */
  meet(step: number): Promise<void>;
}

type Given = Pick<Run, "config" | "engine" | "plan"> & {
  readonly context: Pick<Run["context"], "runtime">;
};

/** Undefined where ranks meet in every step. @throws {UsageError} if a run cannot be left to itself in between. */
export function openOuterStep(ranks: Collective, run: Given): OuterStep | undefined {
  const { config, engine, plan, context } = run;
  const { syncEvery, outerLearningRate: rate, outerMomentum: decay } = config;
  if (syncEvery === 1) return undefined;
  checkAlone(run);
  const { state } = engine;
  const key = foldIn(randomKey(config.seed), "meetings");
  const trained = [...plan.values()].flatMap(({ name, training }) => (training ? [name] : []));
  const weights = trained.map((name) => bufferOf(state.weights, name));
  const momentum = new Map(
    trained.map((name, i) => [name, context.runtime.allocate("float32", weights[i]?.shape ?? [])]),
  );
  const remembered = rememberedBy(state);
  for (const buffer of [...weights, ...remembered]) {
    if (buffer.dtype === "float32") continue;
    throw refusal(`averages weights and state in float32; got ${buffer.dtype}`);
  }
  let before: readonly Float32Array[] = [];

  return {
    momentum,

    async begin() {
      before = await Promise.all(weights.map(async (each) => floats(await each.read()).slice()));
    },

    async meet(step) {
      const changes = await Promise.all(weights.map(async (each) => floats(await each.read())));
      for (const [k, change] of changes.entries()) {
        const from = before[k] ?? change;
        for (let i = 0; i < change.length; i++) change[i] = (from[i] ?? 0) - (change[i] ?? 0);
      }
      const own = foldIn(foldIn(key, step), ranks.rank);
      ranks.sum(changes, codingsOf(config.exchangeDtype, own)).wait();
      for (const [k, name] of trained.entries()) {
        const [change, from] = [changes[k] ?? new Float32Array(), before[k] ?? new Float32Array()];
        const buffer = bufferOf(momentum, name);
        const m = floats(await buffer.read());
        for (let i = 0; i < change.length; i++) {
          const delta = (change[i] ?? 0) / ranks.size;
          const next = decay * (m[i] ?? 0) + delta;
          m[i] = next;
          from[i] = (from[i] ?? 0) - rate * (delta + decay * next);
        }
        setElements(buffer, m);
        const weight = weights[k];
        if (weight) setElements(weight, from);
      }
      await average(ranks, remembered);
    },
  };
}

/** What optimizers remember, in states of their own and in accumulators. */
const rememberedBy = ({ optimizer, accumulators, carried }: TrainState): readonly Buffer[] =>
  [...optimizer.values(), ...[...carried].map((name) => accumulators.get(name) ?? {})].flatMap(
    (buffers) => Object.values(buffers),
  );

/** In float32: a second moment that is rounded to zero is divided by. */
async function average(ranks: Collective, buffers: readonly Buffer[]): Promise<void> {
  if (ranks.size === 1) return;
  const arrays = await Promise.all(buffers.map(async (each) => floats(await each.read())));
  ranks.sum(arrays).wait();
  for (const [k, buffer] of buffers.entries()) {
    const sums = arrays[k];
    if (sums)
      setElements(
        buffer,
        sums.map((x) => x / ranks.size),
      );
  }
}

/** @throws {UsageError} if something has to be common to all ranks between two meetings. */
function checkAlone({ config, plan }: Pick<Given, "config" | "plan">): void {
  const { syncEvery, evaluateEvery, saveEvery, method } = config;
  for (const training of [...plan.values()].map((each) => each.training)) {
    if (training?.compression?.subspace.kind !== "learned") continue;
    throw refusal(`ranks that step by themselves learn different subspaces; got ${method}`);
  }
  if (mergeSchedule(config, 1)) {
    throw refusal(`what is merged must be the same on all ranks; got ${method}`);
  }
  const rhythms = [
    [option("evaluateEvery"), evaluateEvery],
    [option("saveEvery"), saveEvery],
  ] as const;
  for (const [name, every] of rhythms) {
    if (every % syncEvery === 0) continue;
    throw refusal(`${name} must be a multiple of it; got ${every}, and ${syncEvery}`);
  }
}

const refusal = (text: string): UsageError =>
  new UsageError(`${option("syncEvery")}: ${text}`, {
    hint: "leave it out, so that ranks meet in every step",
  });
