/** @file What every part of the report needs: a finished run, findings, series and figures. */

import type { Chart, Point, Series } from "../charts/chart.ts";
import type { DynamicsEnd, DynamicsStart, DynamicsStep } from "./events.ts";
import type { ProbeNumbers } from "./probe.ts";

/** A finished run. */
export interface DynamicsResult {
  readonly start: DynamicsStart;
  readonly steps: readonly DynamicsStep[];
  readonly end: DynamicsEnd;
}

/** What was found: a picture or a table, and what it says. */
export interface Finding {
  /** A name for files. */
  readonly name: string;
  readonly heading: string;
  readonly reading: readonly string[];
  readonly chart?: Chart;
  readonly table?: Table;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One series a probe. */
export const perProbe = (
  { start, steps }: DynamicsResult,
  what: string,
  kind: Series["kind"],
  pick: (numbers: ProbeNumbers) => number,
): readonly Series[] =>
  start.probes.map(({ name }) => ({
    name: `${labelOf(start, name)}, ${what}`,
    kind,
    points: steps.flatMap(({ step, probes }): Point[] => {
      const numbers = probes[name];
      return numbers ? [[step, pick(numbers)]] : [];
    }),
  }));

export interface Ends {
  readonly names: readonly string[];
  /** The numbers of a probe after the first, and after the last step. */
  first(name: string): ProbeNumbers;
  last(name: string): ProbeNumbers;
}

export function endOf({ start, steps }: DynamicsResult): Ends {
  const at =
    (index: number) =>
    (name: string): ProbeNumbers => {
      const numbers = steps.at(index)?.probes[name];
      if (!numbers) throw new Error(`internal: no numbers of ${name}`);
      return numbers;
    };
  return { names: start.probes.map(({ name }) => name), first: at(0), last: at(-1) };
}

/** Means over the points so far, `span` at most. */
export const means = (points: readonly Point[], span: number): Point[] =>
  points.map(([x], i) => {
    const window = points.slice(Math.max(0, i + 1 - span), i + 1);
    return [x, window.reduce((sum, [, y]) => sum + y, 0) / window.length];
  });

/** What a probe is called beside the others: "attn.c_attn" of "h.1.attn.c_attn.weight", with its block if there are several. */
export function labelOf({ probes }: DynamicsStart, name: string): string {
  const withBlock = (full: string) => full.replace(/\.weight$/, "");
  const without = (full: string) => withBlock(full).replace(/^.*?\d+\./, "");
  const isUnique = new Set(probes.map((probe) => without(probe.name))).size === probes.length;
  return isUnique ? without(name) : withBlock(name);
}

/** "3.1 %", with two digits that matter. */
export const percent = (share: number): string => `${short(100 * share)} %`;

/** Two digits that matter. */
export const short = (value: number): string =>
  value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(2)));

/** "0.1", or "0.1 to 0.3" of several values. */
export function range(values: readonly number[]): string {
  const [low, high] = [short(Math.min(...values)), short(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}
