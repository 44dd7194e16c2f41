/**
 * @file LoRA as a gradient compressor, as an experiment: Hao, Cao & Mou, ICML 2024, arXiv:2402.03293, section 2. Models start from the same weights and see the same batches, by SGD at a constant rate; only the targets move.
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

import { Matrix } from "ml-matrix";
import { UsageError } from "../errors.ts";
import type { TrainConfig } from "../train/config.ts";
import {
  type AdapterOptions,
  type AdapterTrainee,
  createAdapterTrainee,
  initialA,
} from "./adapter-trainee.ts";
import type {
  DynamicsEvent,
  DynamicsOptions,
  Method,
  Regime,
  RegimeNumbers,
} from "./dynamics-events.ts";
import { checkConfig, checkRank, probesOf, warmStart } from "./dynamics-setup.ts";
import {
  observeStart,
  type ProbeNumbers,
  type ProbeState,
  secondTermShare,
  stepProbe,
} from "./dynamics-probe.ts";
import { frobenius } from "./matrix.ts";
import type { RecursionOptions } from "./recursion.ts";
import { type Spectrum, spectrumOf } from "./spectrum.ts";
import { createTrainee, inputSide, targetsOf, type Trainee } from "./trainee.ts";

/**
 * Runs the experiment.
 *
 * @throws {UsageError} if the options do not fit it, or a loss stops being a number.
 */
export async function* dynamics(
  options: DynamicsOptions,
): AsyncGenerator<DynamicsEvent, void, undefined> {
  const { config, alpha, mergeEvery, warmStart: firstStep } = options;
  const { rank, learningRate: rate = 0.1, steps = 100 } = config;
  checkConfig(config);
  const begin = performance.now();
  const scale = alpha / rank;
  const recursion: RecursionOptions = { rate, scale };
  const regimes = REGIMES.map((k): Regime => ({ scale: scale / k, rate: rate * k ** 2 }));

  const observer = await createTrainee({ ...config, method: "dense" });
  const trainees: Trainee[] = [observer];
  try {
    const start = yield* warmStart(options, observer);
    const { model, data } = observer.run;
    const targets = targetsOf(model, config);
    const probes = await probesOf(observer, targets, options.probes);
    checkRank(observer, targets, rank);
    yield {
      type: "start",
      data: data.description,
      modelType: model.type,
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

    const open = async (trainee: Promise<Trainee>) => {
      trainees.push(await trainee);
      return trainee;
    };
    const adapt = async (special: Partial<AdapterOptions>): Promise<AdapterTrainee> => {
      const usual = { firstStep, rate, scale, trainsA: true };
      const made = await createAdapterTrainee(config, start, { ...usual, ...special });
      trainees.push(made.trainee);
      return made;
    };
    const compressed: TrainConfig = {
      ...config,
      method: "flora",
      projection: "gaussian",
      side: inputSide(model),
    };
    const lora = await adapt({});
    const loraFa = await adapt({ trainsA: false });
    const relora = await adapt({ mergeEvery });
    const others: AdapterTrainee[] = [];
    for (const regime of regimes) others.push(await adapt(regime));
    const fixed = await open(createTrainee(compressed, start));
    const flora = await open(createTrainee(compressed, start));
    const dense = await open(createTrainee({ ...config, method: "dense" }, start));

    /** A step of a method that trains the weights themselves. */
    const train = async (trainee: Trainee, step: number, cycle: number): Promise<number> => {
      const backward = await trainee.backward(firstStep + step, cycle);
      if (Number.isFinite(backward.loss)) await trainee.update(backward, rate * scale ** 2);
      return backward.loss;
    };

    const states = new Map<string, ProbeState>();
    for (const { name } of probes) {
      const a0 = await initialA(observer, name, 0);
      states.set(name, observeStart(await observer.weight(name), a0));
    }
    const startLoss = await observer.evaluate();

    for (let step = 0; step < steps; step++) {
      for (const name of targets) observer.setWeight(name, lora.effective(name));
      const seen = await observer.backward(firstStep + step, 0);
      const losses = {
        LoRA: await lora.step(step),
        "LoRA-FA": await loraFa.step(step),
        "fixed projection": await train(fixed, step, 0),
        ReLoRA: await relora.step(step),
        FLORA: await train(flora, step, step),
        dense: await train(dense, step, 0),
      };
      checkLosses(losses, step, rate);
      const numbers: Record<string, ProbeNumbers> = {};
      for (const [name, state] of states) {
        const measured = stepProbe(state, recursion, {
          gradient: await observer.gradient(name, seen),
          lora: lora.adapters(name),
          loraFa: loraFa.adapters(name),
          fixed: await fixed.weight(name),
        });
        states.set(name, measured.state);
        numbers[name] = measured.numbers;
      }
      observer.clearGradients();
      const seenElsewhere: RegimeNumbers[] = [];
      for (const [i, other] of others.entries()) {
        const loss = await other.step(step);
        const parts = [...states].map(([name, { a0 }]) =>
          secondTermShare(other.adapters(name), a0),
        );
        seenElsewhere.push({ loss, secondTerm: Math.max(...parts) });
        checkLosses({ [`LoRA at s = ${regimes[i]?.scale}`]: loss }, step, rate);
      }
      yield { type: "step", step: step + 1, losses, probes: numbers, regimes: seenElsewhere };
    }

    const effective = async (method: Method, name: string): Promise<Matrix> => {
      if (method === "LoRA") return lora.effective(name);
      if (method === "LoRA-FA") return loraFa.effective(name);
      if (method === "ReLoRA") return relora.effective(name);
      return { "fixed projection": fixed, FLORA: flora, dense }[method].weight(name);
    };
    const spectra: Record<string, Readonly<Record<Method, Spectrum>>> = {};
    const norms: Record<string, Readonly<Record<Method, number>>> = {};
    for (const [name, { w0 }] of states) {
      const updates = await byMethod(async (method) =>
        Matrix.sub(await effective(method, name), w0),
      );
      spectra[name] = await byMethod((method) => spectrumOf(updates[method]));
      norms[name] = await byMethod((method) => frobenius(updates[method]));
    }
    yield {
      type: "end",
      heldOut: {
        start: startLoss,
        ...(await byMethod(async (method) => {
          for (const name of targets) observer.setWeight(name, await effective(method, name));
          return observer.evaluate();
        })),
      },
      spectra,
      norms,
      elapsedMs: performance.now() - begin,
    };
  } finally {
    for (const trainee of trainees) await trainee.release();
  }
}

/** k of the other regimes. */
const REGIMES: readonly number[] = [3, 10];

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
    `learningRate: the loss of ${failed[0]} is not a number at step ${step + 1}; got ${rate}`,
    { hint: "try a lower one" },
  );
}
