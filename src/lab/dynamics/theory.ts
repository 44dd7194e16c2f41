/** @file The recursion and its approximations, as the run shows them. */

import {
  endOf,
  type DynamicsResult,
  type Finding,
  percent,
  perProbe,
  range,
  short,
} from "./result.ts";
import type { Point } from "../charts/chart.ts";
import type { ProbeNumbers } from "./probe.ts";

/** How well the recursion reproduces what was trained. */
export interface Verdict {
  readonly passed: boolean;
  /** The largest of the deviations of A and B (`ProbeNumbers`). */
  readonly deviation: number;
  readonly tolerance: number;
  readonly probe: string;
  readonly step: number;
}

/**
 * Trained in float32, iterated in float64. Gradients by two routes differ by about 4e-7 in a steady run, and by 2e-6 where the rate is
 * too high for one; a term left out of the recursion is far above either.
 */
const TOLERANCE = 1e-6;

export function verdictOf({ steps }: DynamicsResult): Verdict {
  const all = steps.flatMap(({ step, probes }) =>
    Object.entries(probes).map(([probe, { deviationA, deviationB }]) => {
      return { step, probe, deviation: Math.max(deviationA, deviationB) };
    }),
  );
  const worst = all.reduce((most, each) => (each.deviation <= most.deviation ? most : each), {
    step: 0,
    probe: "",
    deviation: 0,
  });
  const passed = all.every(({ deviation }) => deviation <= TOLERANCE);
  return { ...worst, tolerance: TOLERANCE, passed };
}

export function exactness(result: DynamicsResult): Finding {
  const { passed, deviation, tolerance, probe, step } = verdictOf(result);
  return {
    name: "recursion",
    heading: `The recursion is exact: ${passed ? "pass" : "FAIL"}`,
    reading: [
      `Two computations: A and B as LoRA trains them, and f_A and f_B, iterated in float64 from the gradients of the whole weight that another ` +
        `model measures at W + s B A. The largest deviation, relative to A and to the way of B, is ${short(deviation)} (${probe}, step ${step}); ` +
        `the limit, for roundings of float32, is ${short(tolerance)}. ` +
        (passed
          ? "LoRA by SGD is this recursion."
          : "The recursion and the training disagree, so nothing below can be trusted." +
            diverged(result)),
    ],
    chart: {
      title: "How far the recursion is from the trained adapters",
      xLabel: "step",
      yLabel: "relative deviation",
      yScale: "log",
      series: [
        ...perProbe(result, "A", "line", ({ deviationA }) => deviationA),
        ...perProbe(result, "B", "line", ({ deviationB }) => deviationB),
        { name: "limit", kind: "dashed", points: result.steps.map((s) => [s.step, tolerance]) },
      ],
    },
  };
}

/** Where A has moved by many times its size, roundings grow as A and B do. */
function diverged(result: DynamicsResult): string {
  const { last, names } = endOf(result);
  const largest = Math.max(...names.map((name) => last(name).movement));
  if (largest < 10) return "";
  return ` A has moved by ${short(largest)} times its size: the training diverged, and took its roundings with it. Try a lower rate.`;
}

export function approximation(result: DynamicsResult): Finding {
  const { last, names } = endOf(result);
  const of = (pick: (numbers: ProbeNumbers) => number) => range(names.map((n) => pick(last(n))));
  const worst = Math.max(...names.map((name) => last(name).distance));
  const later = { ...result, steps: result.steps.slice(1) };
  return {
    name: "approximation",
    heading: "LoRA against the compressed sum of its gradients",
    reading: [
      `After ${result.start.steps} steps at rate ${result.start.rate}, ΔW = s B A differs from -η s² (Σ G) A0ᵀ A0 by ` +
        `${of(({ distance }) => distance)} of its norm. The second term, s B (A - A0), is ${of((p) => p.secondTerm)} of ΔW: ` +
        "so much is lost with A frozen at its start, and B alone explains the rest.",
      worst < 0.1
        ? "At this rate LoRA is a gradient compressor to a good approximation."
        : "That is no small error: at this rate and after so many steps LoRA has left the regime in which it only compresses gradients.",
    ],
    chart: {
      title: "LoRA and the compression of its own gradients",
      caption: "Relative to the norm of ΔW. Lines: the whole error; dashed: the second term.",
      xLabel: "step",
      yLabel: "part of ΔW",
      yScale: "log",
      series: [
        // After one step there is no error but roundings.
        ...perProbe(later, "error", "line", ({ distance }) => distance),
        ...perProbe(later, "second term", "dashed", ({ secondTerm }) => secondTerm),
      ],
    },
  };
}

export function trajectories(result: DynamicsResult): Finding {
  const { first, last, names } = endOf(result);
  const of = (at: typeof last, pick: (numbers: ProbeNumbers) => number) =>
    range(names.map((name) => pick(at(name))));
  return {
    name: "trajectories",
    heading: "LoRA-FA against one fixed projection",
    reading: [
      `LoRA-FA (B alone is trained) and W ← W - η s² G A0ᵀ A0, FLORA with one projection for ever, are the same rule. Trained by two ` +
        `programs, their ΔW differ by ${of(first, (p) => p.fixedDistance)} of the norm after the first step and by ${of(last, (p) => p.fixedDistance)} at ` +
        `the end.`,
      `LoRA, with gradients of its own, ends ${of(last, (p) => p.loraFaDistance)} of its ΔW away from LoRA-FA. In this distance there is also what ` +
        `other weights do to the later gradients.`,
    ],
    chart: {
      title: "How far apart runs are that the theory identifies",
      caption: "Lines: LoRA and LoRA-FA; dashed: LoRA-FA and the fixed projection.",
      xLabel: "step",
      yLabel: "distance, part of ΔW",
      yScale: "log",
      series: [
        ...perProbe(result, "LoRA, LoRA-FA", "line", (p) => p.loraFaDistance),
        ...perProbe(result, "LoRA-FA, fixed", "dashed", (p) => p.fixedDistance),
      ],
    },
  };
}

/** The same step of B, and a longer one of A. */
export function regimes({ start, steps }: DynamicsResult): Finding {
  const all = [
    {
      scale: start.scale,
      rate: start.rate,
      points: steps.map(({ step, probes }): Point => [
        step,
        Math.max(...Object.values(probes).map(({ secondTerm }) => secondTerm)),
      ]),
    },
    ...start.regimes.map(({ scale, rate }, i) => ({
      scale,
      rate,
      points: steps.map(({ step, regimes: of }): Point => [step, of[i]?.secondTerm ?? 0]),
    })),
  ];
  const last = all.map(({ scale, rate, points }) => {
    const [, part = 0] = points.at(-1) ?? [];
    return { name: `s ${short(scale)}, rate ${short(rate)}`, part };
  });
  return {
    name: "regimes",
    heading: "Where the approximation ends",
    reading: [
      `To first order only η s² counts, but A moves by η² s²: with a smaller s and a larger η, A moves further for the same step of the weight. The ` +
        `second term ends at ${last.map(({ name, part }) => `${percent(part)} of ΔW (${name})`).join(", ")}.`,
      "A smaller A0 must do the same (not measured here): the same step of the weight then takes a larger η s². The usual initialisation of A has variance " +
        "1/(3 m) where the theory wants 1/r, so LoRA as it is commonly started is further from a compressor than the first line.",
    ],
    chart: {
      title: "The second term, at equal η s²",
      caption: "The largest of all probes.",
      xLabel: "step",
      yLabel: "part of ΔW",
      yScale: "log",
      series: all.map(({ points }, i) => ({
        name: last[i]?.name ?? "",
        kind: "line",
        points,
      })),
    },
  };
}
