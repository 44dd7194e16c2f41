/**
 * @file LoRA as a gradient compressor, as an experiment: Hao, Cao & Mou, ICML 2024, arXiv:2402.03293, section 2. Seven models
 * start from the same weights and see the same batches, by SGD at a constant rate; only the targets move.
 *
 *   LoRA, LoRA-FA              W_0 + s B A, rate η
 *   fixed projection           W ← W - η s² G A_0ᵀ A_0, by FLORA's own programs with one cycle for the whole run
 *   ReLoRA                     LoRA merged and started anew every k steps
 *   FLORA, dense               W ← W - η s² G A_tᵀ A_t,  W ← W - η s² G
 *   observer                   stands at LoRA's weights and measures G_t there
 *
 * At every step the recursion of `recursion.ts`, fed with the observer's gradients, is compared with the trained adapters.
 */

import { Matrix } from "ml-matrix";
import { UsageError } from "../errors.ts";
import { usualLearningRate } from "../optim/base.ts";
import type { TrainConfig } from "../train/config.ts";
import { type AdapterTrainee, createAdapterTrainee, initialA } from "./adapter-trainee.ts";
import { observeStart, type ProbeNumbers, type ProbeState, stepProbe } from "./dynamics-probe.ts";
import { frobenius } from "./matrix.ts";
import type { RecursionOptions } from "./recursion.ts";
import { type Spectrum, spectrumOf } from "./spectrum.ts";
import {
  createTrainee,
  inputSide,
  targetsOf,
  type Trainee,
  type Weights,
  weightsOf,
} from "./trainee.ts";
import { matches } from "../train/plan.ts";

export interface DynamicsOptions {
  /** The data, the model, the rank, the rate η and the targets; the optimizer is SGD. */
  readonly config: TrainConfig;
  /** s r, the alpha of LoRA. */
  readonly alpha: number;
  /** Steps of Adam on all parameters before the experiment. */
  readonly warmStart: number;
  /** Steps between the merges of ReLoRA. */
  readonly mergeEvery: number;
  /** Patterns of the targets that are measured; those of the middle block if absent. */
  readonly probes?: readonly string[];
}

export type Method = "LoRA" | "LoRA-FA" | "fixed projection" | "ReLoRA" | "FLORA" | "dense";

export interface DynamicsStart {
  readonly type: "start";
  readonly data: string;
  readonly modelType: string;
  readonly targets: readonly string[];
  readonly probes: readonly Probe[];
  readonly steps: number;
  readonly rank: number;
  readonly rate: number;
  readonly scale: number;
  readonly mergeEvery: number;
  readonly warmStart: number;
  readonly seed: number;
}

export interface Probe {
  readonly name: string;
  /** n, m: outputs and inputs. */
  readonly shape: readonly [number, number];
}

/** Progress before the experiment. */
export interface WarmEvent {
  readonly type: "warm";
  readonly step: number;
  readonly loss: number;
}

export interface DynamicsStep {
  readonly type: "step";
  /** Steps done. */
  readonly step: number;
  /** Mean training loss before the step, in nats per token. */
  readonly losses: Readonly<Record<Method, number>>;
  readonly probes: Readonly<Record<string, ProbeNumbers>>;
}

export interface DynamicsEnd {
  readonly type: "end";
  readonly heldOut: Readonly<Record<Method | "start", number>>;
  /** ΔW of every method, by probe. */
  readonly spectra: Readonly<Record<string, Readonly<Record<Method, Spectrum>>>>;
  /** ||ΔW|| of every method, by probe. */
  readonly norms: Readonly<Record<string, Readonly<Record<Method, number>>>>;
  readonly elapsedMs: number;
}

export type DynamicsEvent = DynamicsStart | WarmEvent | DynamicsStep | DynamicsEnd;

export const METHODS: readonly Method[] = [
  "LoRA",
  "LoRA-FA",
  "fixed projection",
  "ReLoRA",
  "FLORA",
  "dense",
];

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
      mergeEvery,
      warmStart: firstStep,
      seed: config.seed,
    };

    const open = async (trainee: Promise<Trainee>) => {
      trainees.push(await trainee);
      return trainee;
    };
    const adapt = async (trainsA: boolean, merges: object = {}): Promise<AdapterTrainee> => {
      const made = await createAdapterTrainee(config, start, {
        firstStep,
        rate,
        scale,
        trainsA,
        ...merges,
      });
      await open(Promise.resolve(made.trainee));
      return made;
    };
    const compressed: TrainConfig = {
      ...config,
      method: "flora",
      projection: "gaussian",
      side: inputSide(model),
    };
    const lora = await adapt(true);
    const loraFa = await adapt(false);
    const relora = await adapt(true, { mergeEvery });
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
      yield { type: "step", step: step + 1, losses, probes: numbers };
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

/** A model that has learnt something, so that frozen embeddings and biases are worth keeping. */
async function* warmStart(
  { config, warmStart: steps }: DynamicsOptions,
  observer: Trainee,
): AsyncGenerator<WarmEvent, Weights, undefined> {
  if (steps === 0) return weightsOf(observer.run);
  const trainee = await createTrainee({
    ...config,
    method: "dense",
    optimizer: "adam",
  });
  try {
    for (let step = 0; step < steps; step++) {
      const backward = await trainee.backward(step, 0);
      await trainee.updateAll(backward, WARM_RATE);
      yield { type: "warm", step: step + 1, loss: backward.loss };
    }
    const weights = await weightsOf(trainee.run);
    observer.setWeights(weights);
    return weights;
  } finally {
    await trainee.release();
  }
}

const WARM_RATE = usualLearningRate("adam");

/** The targets that are measured: those that the patterns name, or those of the middle block. */
async function probesOf(
  observer: Trainee,
  targets: readonly string[],
  patterns: readonly string[] | undefined,
): Promise<readonly Probe[]> {
  const block = (name: string) => /(?:^|\.)(\d+)\./.exec(name)?.[1] ?? "";
  const blocks = [...new Set(targets.map(block))];
  const middle = blocks[blocks.length >> 1];
  const chosen = targets.filter((name) =>
    patterns ? patterns.some((pattern) => matches(pattern, name)) : block(name) === middle,
  );
  if (chosen.length === 0) {
    const names = targets.join(", ");
    throw new UsageError(`probe: no target has such a name; got ${patterns?.join(", ")}`, {
      hint: `the targets are ${names}`,
    });
  }
  const probes = chosen.map(async (name): Promise<Probe> => {
    const { rows, columns } = await observer.weight(name);
    return { name, shape: [rows, columns] };
  });
  return Promise.all(probes);
}

/** The theory speaks of plain gradient descent. */
function checkConfig({ optimizer, schedule, warmupSteps, weightDecay, momentum }: TrainConfig) {
  const wrong = [
    ["optimizer", "sgd", optimizer],
    ["schedule", "constant", schedule],
    ["warmupSteps", 0, warmupSteps],
    ["weightDecay", 0, weightDecay],
    ["momentum", 0, momentum],
  ].find(([, expected, found]) => expected !== found);
  if (!wrong) return;
  const [name, expected, found] = wrong;
  throw new UsageError(`${name}: the theory is about plain SGD, ${expected}; got ${found}`);
}

function checkRank({ run: { model } }: Trainee, targets: readonly string[], rank: number): void {
  const side = inputSide(model) === "rows" ? 0 : 1;
  const inputs = targets.map((name) => model.params.get(name)?.shape[side] ?? 0);
  const smallest = Math.min(...inputs);
  if (rank < smallest) return;
  throw new UsageError(`rank: must be below the ${smallest} inputs of the targets; got ${rank}`);
}

function checkLosses(losses: Readonly<Record<Method, number>>, step: number, rate: number): void {
  const [failed] = Object.entries(losses).filter(([, loss]) => !Number.isFinite(loss));
  if (!failed) return;
  throw new UsageError(
    `learningRate: the loss of ${failed[0]} is not a number at step ${step + 1}; got ${rate}`,
    { hint: "try a lower one" },
  );
}
