/** @file The laboratory: comparisons of methods, LoRA's dynamics, and the charts and reports that show them. */

export { type Chart, chartSvg, type Point, type Series } from "./charts/chart.ts";
export {
  compare,
  type ComparisonEvent,
  type ComparisonPlan,
  type SweepPlan,
} from "./compare/comparison.ts";
export { dynamics } from "./dynamics/dynamics.ts";
export type { DynamicsEvent, DynamicsOptions } from "./dynamics/events.ts";
export { htmlReport, type Report, type Section, type Table } from "./charts/html.ts";
export { type MethodSpec, parseMethods } from "./suites/method-spec.ts";
export { svgToPng } from "./charts/png.ts";
export {
  adaptersOf,
  advance,
  compressedSum,
  publishedBound,
  type RecursionOptions,
  startRecursion,
} from "./theory/recursion.ts";
export type { MethodResult, RunResult } from "./compare/results.ts";
export type { Launch, LaunchRequest, LaunchResult } from "./compare/run-once.ts";
export { type Spectrum, spectrumOf } from "./theory/spectrum.ts";
export { findSuite, type Suite, SUITES } from "./suites/suites.ts";
