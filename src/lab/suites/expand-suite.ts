/** @file A suite for one model and one length of run: ranks that fit, intervals that are safe. */

import { modelOf } from "../../train/setup/model.ts";
import { vocabularySizeOf } from "../../tasks/reading/tokenizer.ts";
import { smallestSafeInterval } from "../../compress/projection.ts";
import type { FileStore } from "../../host/host.ts";
import { parseConfig, type TrainOptions } from "../../options/config.ts";
import { planOptionsOf } from "../../train/setup/method.ts";
import { settle } from "../../train/choices/settle.ts";
import { planParameters } from "../../engine/plan.ts";
import { methodNames, type MethodSpec, parseMethod } from "./method-spec.ts";
import type { Suite } from "./suites.ts";

export interface ExpandedSuite {
  readonly methods: readonly MethodSpec[];
  readonly base: TrainOptions;
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/**
 * The methods of a suite for the model of the options.
 *
 * @param options - of the user, which come before those of the suite
 * @throws {UsageError} if the options do not describe a model.
 */
export async function expandSuite(
  files: FileStore,
  suite: Suite,
  options: TrainOptions,
): Promise<ExpandedSuite> {
  const base = { ...suite.base, ...options };
  const { width, rank, safeInterval } = await modelFacts(files, base);
  const known = methodNames();
  const methods: MethodSpec[] = [];
  const strange = new Set<string>();
  const tooHigh = new Set<number>();
  for (const each of suite.methods) {
    const { spec, label } = typeof each === "string" ? { spec: each, label: undefined } : each;
    const [name = ""] = spec.split(/[:@]/);
    if (!known.includes(name)) {
      strange.add(name);
      continue;
    }
    const ranked = spec.replaceAll("$rank", String(rank));
    const method = parseMethod(fillIntervals(ranked, base, safeInterval));
    if (method.rank !== undefined && method.rank >= width) tooHigh.add(method.rank);
    else if (methods.every(({ slug }) => slug !== method.slug)) {
      methods.push(label === undefined ? method : { ...method, label });
    }
  }
  const ordered = methods.every((method) => !Number.isNaN(intervalOf(method)))
    ? methods.toSorted((a, b) => intervalOf(a) - intervalOf(b))
    : methods;
  return { methods: ordered, base, notes: leftOut([...strange], [...tooHigh], width) };
}

const intervalOf = ({ options }: MethodSpec): number => Number(options["resampleEvery"]);

function leftOut(
  strange: readonly string[],
  tooHigh: readonly number[],
  width: number,
): readonly string[] {
  return [
    ...strange.map((name) => `Left out: ${name}, which this version of flora does not have.`),
    ...tooHigh.map((rank) => `Left out: rank ${rank}, as the model is only ${width} wide.`),
  ];
}

function fillIntervals(
  spec: string,
  base: TrainOptions,
  safeInterval: (rank: number) => number,
): string {
  if (!/\$(safe|interval)/.test(spec)) return spec;
  const safe = safeInterval(Number(/:(\d+)/.exec(spec)?.[1]));
  const { steps = Infinity } = parseConfig(base);
  // A fifth of the run: the projection changes a few times, as it does in a long run.
  const interval = Math.max(safe, Math.min(USUAL_INTERVAL, Math.ceil(steps / 5)));
  return spec.replaceAll("$safe", String(safe)).replaceAll("$interval", String(interval));
}

const USUAL_INTERVAL = 1000;

interface ModelFacts {
  readonly width: number;
  /** The run's own. */
  readonly rank: number;
  /** The smallest interval at which no momentum of the rank grows without bound. */
  readonly safeInterval: (rank: number) => number;
}

async function modelFacts(files: FileStore, options: TrainOptions): Promise<ModelFacts> {
  const config = parseConfig(options);
  const model = await modelOf(files, config, {
    vocabularySize: await vocabularySizeOf(files, config),
  });
  return {
    width: model.width,
    rank: settle(config, model).rank,
    safeInterval: (rank) => {
      const never = { method: "flora" as const, resampleEvery: Number.MAX_SAFE_INTEGER, rank };
      const plan = planParameters(
        model,
        planOptionsOf(settle(parseConfig({ ...options, ...never }), model)),
      );
      const intervals = [...plan.values()].map(({ training }) =>
        training?.compression
          ? smallestSafeInterval(training.compression.projection, config.momentum)
          : 1,
      );
      return Math.max(1, ...intervals);
    },
  };
}
