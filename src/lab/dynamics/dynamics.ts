/**
 * @file LoRA as a gradient compressor, as an experiment: Hao, Cao & Mou, ICML 2024, arXiv:2402.03293, section 2.
 * Models start from the same weights and see the same batches, by SGD at a constant rate; only the targets move.
 *
 *   LoRA, LoRA-FA              W_0 + s B A, rate η
 *   fixed projection           W ← W - η s² G A_0ᵀ A_0, by FLORA's own programs with one cycle for the whole run
 *   ReLoRA                     LoRA merged and started anew every k steps
 *   FLORA, dense               W ← W - η s² G A_tᵀ A_t,  W ← W - η s² G
 *   LoRA in other regimes      scale s / k, rate η k²: to first order the same, but A moves k² times as far
 *   observer                   stands at LoRA's weights and measures G_t there
 *
 * At every step the recursion of `recursion.ts`, fed with the observer's gradients, is compared with the trained adapters.
 */

import type { RunContext } from "../../train/setup/run.ts";
import { Matrix } from "ml-matrix";
import { UsageError, option } from "../../errors.ts";
import {
  type AdapterOptions,
  createAdapterTrainee,
  initialA,
} from "../trainees/adapter-trainee.ts";
import type { DynamicsEvent, DynamicsOptions, Method, Regime, RegimeNumbers } from "./events.ts";
import {
  observeStart,
  type ProbeNumbers,
  type ProbeState,
  secondTermShare,
  stepProbe,
} from "./probe.ts";
import { prepareBase, probesOf, targetsOf, trainingConfig, warmStart } from "./setup.ts";
import { settle } from "../../train/choices/settle.ts";
import { frobenius } from "../theory/matrix.ts";
import type { RecursionOptions } from "../theory/recursion.ts";
import { type Spectrum, spectrumOf } from "../theory/spectrum.ts";
import { type Contender, createTrainee } from "../trainees/trainee.ts";
import { createWholeTrainee, type WholeOptions } from "../trainees/whole-trainee.ts";

/** k of the other regimes. */
const REGIMES: readonly number[] = [5, 25];

/**
 * Runs the experiment.
 *
 * @throws {UsageError} if the options do not fit it, or a loss stops being a number.
 */
export async function* dynamics(
  options: DynamicsOptions,
  context: RunContext,
): AsyncGenerator<DynamicsEvent, void, undefined> {
  const { warmStart: firstStep, mergeEvery } = options;
  const given = trainingConfig(options.config);
  const begin = performance.now();
  const base = await prepareBase(given, firstStep, context);
  const config = settle(given, base.base);
  const { rank, alpha, learningRate: rate, steps = 100 } = config;
  const scale = alpha / rank;
  const recursion: RecursionOptions = { rate, scale };
  const regimes = REGIMES.map((k): Regime => ({ scale: scale / k, rate: rate * k ** 2 }));
  const programs = new Set([base.engine.parts.programs]);
  try {
    const targets = targetsOf(base.base, config);
    const probes = probesOf(base.base, targets, options.probes);
    yield* warmStart(base, firstStep);
    yield {
      type: "start",
      data: base.data.description,
      modelType: base.base.type,
      targets,
      probes,
      steps,
      rank,
      rate,
      scale,
      regimes,
      mergeEvery,
      warmStart: firstStep,
      seed: config.seed,
    };

    const shared = { base, targets };
    const adapters = async (own: Pick<AdapterOptions, "method"> & Partial<AdapterOptions>) => {
      const usual = { ...shared, firstStep, rate, scale };
      const made = await createAdapterTrainee(config, { ...usual, ...own });
      programs.add(made.run.engine.parts.programs);
      return made;
    };
    const whole = async (own: Pick<WholeOptions, "method"> & Partial<WholeOptions>) => {
      const usual = { ...shared, firstStep, rate: rate * scale ** 2 };
      const made = await createWholeTrainee(config, { ...usual, ...own });
      programs.add(made.run.engine.parts.programs);
      return made;
    };
    const lora = await adapters({ method: "lora" });
    const loraFa = await adapters({ method: "lora-fa" });
    const fixed = await whole({ method: "flora" });
    const dense = await whole({ method: "dense" });
    const contenders: Readonly<Record<Method, Contender>> = {
      LoRA: lora,
      "LoRA-FA": loraFa,
      "fixed projection": fixed,
      ReLoRA: await adapters({
        method: "lora",
        mergeEvery,
        programs: lora.run.engine.parts.programs,
      }),
      FLORA: await whole({
        method: "flora",
        cycleOf: (step) => step,
        programs: fixed.run.engine.parts.programs,
      }),
      dense,
    };
    const others = await Promise.all(
      regimes.map((regime) => adapters({ method: "lora", ...regime })),
    );
    const observer = await createTrainee(
      { ...config, method: "dense" },
      { ...shared, programs: dense.run.engine.parts.programs },
    );

    const states = new Map<string, ProbeState>();
    for (const { name } of probes) {
      const a0 = await initialA(base, name, 0);
      states.set(name, observeStart(await observer.weight(name), a0));
    }
    const startLoss = await observer.evaluate();

    for (let step = 0; step < steps; step++) {
      for (const name of targets) observer.setWeight(name, await lora.effective(name));
      const seen = await observer.backward({ step: firstStep + step, cycle: 0, rate: 0 });
      const losses = await byMethod((method) => contenders[method].step(step));
      checkLosses(losses, step, rate);
      const numbers: Record<string, ProbeNumbers> = {};
      for (const [name, state] of states) {
        const measured = stepProbe(state, recursion, {
          gradient: await observer.gradient(name, seen),
          lora: await lora.adapters(name),
          loraFa: await loraFa.adapters(name),
          fixed: await fixed.effective(name),
        });
        states.set(name, measured.state);
        numbers[name] = measured.numbers;
      }
      observer.clearGradients();

      const elsewhere: RegimeNumbers[] = [];
      for (const other of others) {
        const loss = await other.step(step);
        let secondTerm = 0;
        for (const [name, { a0 }] of states) {
          secondTerm = Math.max(secondTerm, secondTermShare(await other.adapters(name), a0));
        }
        elsewhere.push({ loss, secondTerm });
      }
      yield { type: "step", step: step + 1, losses, probes: numbers, regimes: elsewhere };
    }

    const spectra: Record<string, Readonly<Record<Method, Spectrum>>> = {};
    const norms: Record<string, Readonly<Record<Method, number>>> = {};
    for (const [name, { w0 }] of states) {
      const updates = await byMethod(async (method) =>
        Matrix.sub(await contenders[method].effective(name), w0),
      );
      spectra[name] = await byMethod((method) => spectrumOf(updates[method]));
      norms[name] = await byMethod((method) => frobenius(updates[method]));
    }
    const heldOut = await byMethod((method) => contenders[method].evaluate());
    yield {
      type: "end",
      heldOut: { start: startLoss, ...heldOut },
      spectra,
      norms,
      elapsedMs: performance.now() - begin,
    };
  } finally {
    for (const cache of programs) await cache.release();
  }
}

/** A value for each method, one after the other. */
async function byMethod<T>(
  value: (method: Method) => T | Promise<T>,
): Promise<Readonly<Record<Method, T>>> {
  return {
    LoRA: await value("LoRA"),
    "LoRA-FA": await value("LoRA-FA"),
    "fixed projection": await value("fixed projection"),
    ReLoRA: await value("ReLoRA"),
    FLORA: await value("FLORA"),
    dense: await value("dense"),
  };
}

function checkLosses(losses: Readonly<Record<string, number>>, step: number, rate: number): void {
  const [failed] = Object.entries(losses).filter(([, loss]) => !Number.isFinite(loss));
  if (!failed) return;
  throw new UsageError(
    `${option("learningRate")}: the loss of ${failed[0]} is not a number at step ${step + 1}; got ${rate}`,
    { hint: "try a lower one" },
  );
}
