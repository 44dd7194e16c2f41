/** @file The laboratory: comparisons of methods, LoRA's dynamics, and the charts and reports that show them. */

export { type Chart, chartSvg, type Point, type Series } from "./chart.ts";
export {
  compare,
  type ComparisonEvent,
  type ComparisonPlan,
  type SweepPlan,
} from "./comparison.ts";
export { dynamics } from "./dynamics.ts";
export type { DynamicsEvent, DynamicsOptions } from "./dynamics-events.ts";
export { htmlReport, type Report, type Section, type Table } from "./html.ts";
export { type MethodSpec, parseMethods } from "./method-spec.ts";
export { svgToPng } from "./png.ts";
export {
  adaptersOf,
  advance,
  compressedSum,
  publishedBound,
  type RecursionOptions,
  startRecursion,
} from "./recursion.ts";
export type { MethodResult, RunResult } from "./results.ts";
export type { Launch, LaunchRequest, LaunchResult } from "./run-once.ts";
export { type Spectrum, spectrumOf } from "./spectrum.ts";
export { findSuite, type Suite, SUITES } from "./suites.ts";
