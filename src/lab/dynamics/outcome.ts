/** @file What the methods learnt: losses, and the spectra of their updates. */

import type { Point } from "../charts/chart.ts";
import { type Method, METHODS } from "./events.ts";
import { type DynamicsResult, type Finding, labelOf, means, short } from "./result.ts";

export function losses(result: DynamicsResult): Finding {
  const { steps, end, start } = result;
  const span = Math.max(1, Math.round(steps.length / 10));
  const best = METHODS.toSorted((a, b) => end.heldOut[a] - end.heldOut[b]);
  return {
    name: "losses",
    heading: "Losses",
    reading: [
      `Held out, in nats per token: ${best.map((m) => `${m} ${end.heldOut[m].toFixed(3)}`).join(", ")}; ` +
        `${end.heldOut.start.toFixed(3)} at the start. All at the rate η s² of the compressed sum (${short(start.rate * start.scale ** 2)}), ` +
        `which is nobody's best: this compares what the rules do, not how well each can be made to do.`,
    ],
    chart: {
      title: "Training loss",
      ...(span > 1 && { caption: `Means over ${span} steps.` }),
      xLabel: "step",
      yLabel: "nats per token",
      series: METHODS.map((method) => ({
        name: method,
        kind: method === "fixed projection" ? "dashed" : "line",
        points: means(
          steps.map(({ step, losses: of }): Point => [step, of[method]]),
          span,
        ),
      })),
    },
  };
}

const COMPARED: readonly Method[] = ["LoRA", "ReLoRA", "FLORA", "dense"];

export function spectrum({ start, end }: DynamicsResult): Finding {
  const [probe] = start.probes;
  const name = probe?.name ?? "";
  const of = end.spectra[name];
  const merges = Math.ceil(start.steps / start.mergeEvery) - 1;
  const rank = (method: Method) => of?.[method].effectiveRank.toFixed(1) ?? "";
  const norm = (method: Method) => end.norms[name]?.[method] ?? 0;
  return {
    name: "spectrum",
    heading: "The rank of what was learnt",
    reading: [
      `Singular values of ΔW of ${name}, rank ${start.rank} of ${Math.min(...(probe?.shape ?? []))}. LoRA has ${start.rank} directions and no more; ` +
        `ReLoRA, merged ${merges} times, at most ${start.rank * (merges + 1)}; FLORA and dense training have all of them. The effective ranks: LoRA ` +
        `${rank("LoRA")}, ReLoRA ${rank("ReLoRA")}, FLORA ${rank("FLORA")}, dense ${rank("dense")}.`,
      `Not all of FLORA's rank is learning: a step adds the noise of its projection, whose squared norm is about (m + 1) / r of the gradient's. Its ` +
        `ΔW is ${short(norm("FLORA") / norm("dense"))} times as long as that of dense training, and the effective rank counts the noise too.`,
    ],
    chart: {
      title: `Singular values of ΔW, ${labelOf(start, name)}`,
      caption: "Divided by the largest one.",
      xLabel: "number of the singular value",
      yLabel: "singular value / largest",
      yScale: "log",
      series: COMPARED.map((method) => ({
        name: method,
        kind: "line",
        points: normalised(of?.[method].values ?? []),
      })),
    },
    table: {
      head: ["ΔW of", "method", "norm", "effective rank", "stable rank"],
      rows: start.probes.flatMap((each) =>
        METHODS.map((method) => {
          const found = end.spectra[each.name]?.[method];
          return [
            labelOf(start, each.name),
            method,
            (end.norms[each.name]?.[method] ?? 0).toPrecision(3),
            (found?.effectiveRank ?? 0).toFixed(1),
            (found?.stableRank ?? 0).toFixed(2),
          ];
        }),
      ),
    },
  };
}

/** Zeros, up to roundings of float32 in the weights, are no part of a spectrum. */
const SMALLEST = 1e-5;

const normalised = (values: readonly number[]): Point[] => {
  const [largest = 1] = values;
  return values.flatMap((value, i): Point[] =>
    value / largest > SMALLEST ? [[i + 1, value / largest]] : [],
  );
};
