/** @file The published bound on the movement of A: on the run, and where it fails. */

import type { Point, Series } from "../charts/chart.ts";
import {
  endOf,
  labelOf,
  type DynamicsResult,
  type Finding,
  perProbe,
  range,
  short,
} from "./result.ts";
import { alternating, publishedBound } from "../theory/recursion.ts";

/** The first step at which ||f_A|| is above its bound, by probe; and L. */
export function bounds({ start, steps }: DynamicsResult): readonly BoundFinding[] {
  return start.probes.map(({ name }) => {
    const sumNorm = Math.max(...steps.map(({ probes }) => probes[name]?.sumNorm ?? 0));
    const bound = steps.map(({ step }) => start.rate * publishedBound(start.rate, sumNorm, step));
    const broken = steps.find(({ probes }, i) => (probes[name]?.movement ?? 0) > (bound[i] ?? 0));
    return { name, sumNorm, bound, brokenAt: broken?.step };
  });
}

export interface BoundFinding {
  readonly name: string;
  /** L, the largest norm of a partial sum of gradients, times s. */
  readonly sumNorm: number;
  /** η times the bound, at every step. */
  readonly bound: readonly number[];
  /** The first step that breaks it. */
  readonly brokenAt: number | undefined;
}

export function movement(result: DynamicsResult): Finding {
  const { start, steps } = result;
  const { last, names } = endOf(result);
  const found = bounds(result);
  const broken = found.filter(({ brokenAt }) => brokenAt !== undefined);
  const largest = Math.max(...found.map(({ sumNorm }) => start.rate * sumNorm));
  return {
    name: "movement",
    heading: "How far A moves, and the published bound",
    reading: [
      `η ||f_A|| is the size of A's movement relative to A0. It ends at ${range(names.map((name) => last(name).movement))}. ` +
        `The published bound, with the L of this run (η L up to ${short(largest)}), ` +
        (broken.length === 0
          ? "held at every step for every probe. That is no proof: see the counterexample."
          : `was broken by ${broken.map((b) => `${labelOf(start, b.name)} from step ${b.brokenAt}`).join(", ")}.`) +
        (largest >= 1 ? " With η L above 1 the bound grows exponentially and says nothing." : ""),
    ],
    chart: {
      title: "The movement of A",
      caption: "Lines: η times the spectral norm of f_A; dashed: η times the published bound.",
      xLabel: "step",
      yLabel: "η ||f_A||",
      yScale: "log",
      series: [
        ...perProbe(result, "measured", "line", (p) => p.movement),
        ...found.map(({ name, bound }): Series => ({
          name: `${labelOf(start, name)}, bound`,
          kind: "dashed",
          points: steps.flatMap(({ step }, i): Point[] =>
            // A bound that leaves the picture behind says nothing.
            (bound[i] ?? 0) < 100 ? [[step, bound[i] ?? 0]] : [],
          ),
        })),
      ],
    },
  };
}

const COUNTEREXAMPLE = { rate: 0.1, steps: 100 } as const;

export function counterexample(): Finding {
  const { rate, steps } = COUNTEREXAMPLE;
  const norms = alternating(rate, steps);
  const bound = norms.map((_norm, t) => publishedBound(rate, 1, t));
  const broken = norms.findIndex((norm, t) => norm > (bound[t] ?? 0));
  return {
    name: "counterexample",
    heading: "Gradients that break the bound",
    reading: [
      `A weight of one number, gradients +1, -1, +1, ...: their sums are 1 and 0, so L = 1. At rate ${rate} the bound is below ` +
        `${short(rate / (1 - rate ** 2))} for ever; |f_A| passes it at step ${broken} and reaches ${short(norms.at(-1) ?? 0)} at step ${steps}. To first order ` +
        "the symmetric part of f_A is η (Sᵀ S - Σ Gᵀ G) / 2, S being the sum of the gradients: small sums do not bound its second part.",
    ],
    chart: {
      title: "G = (-1)^t: the bound does not hold",
      xLabel: "step",
      yLabel: "|f_A|",
      series: [
        { name: "|f_A|", kind: "line", points: norms.map((norm, t) => [t, norm]) },
        { name: "published bound", kind: "dashed", points: bound.map((b, t) => [t, b]) },
      ],
    },
  };
}
