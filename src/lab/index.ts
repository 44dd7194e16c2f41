/** @file The laboratory: comparisons of methods, LoRA's dynamics, and the charts and reports that show them. */

export { type Chart, type ChartColors, chartSvg, type Point, type Series } from "./charts/chart.ts";
export {
  compare,
  type ComparisonEvent,
  type ComparisonPlan,
  type SweepPlan,
} from "./compare/comparison.ts";
export { dynamics } from "./dynamics/dynamics.ts";
export type {
  DynamicsEvent,
  DynamicsOptions,
  DynamicsStart,
  WarmEvent,
  DynamicsStep,
  DynamicsEnd,
  Method,
  Probe,
  Regime,
  RegimeNumbers,
} from "./dynamics/events.ts";
export { htmlReport, type Report, type Section, type Table } from "./charts/html.ts";
export {
  type MethodName,
  type MethodSpec,
  NO_ACCUMULATION,
  parseMethods,
} from "./suites/method-spec.ts";
export { svgToPng } from "./charts/png.ts";
export {
  adaptersOf,
  advance,
  compressedSum,
  publishedBound,
  type RecursionOptions,
  startRecursion,
  type Adapters,
  type RecursionState,
} from "./theory/recursion.ts";
export {
  type MethodResult,
  type RunResult,
  type ChosenRate,
  type Measure,
  type EvaluationPoint,
  MEASURES,
} from "./compare/results.ts";
export type {
  Launch,
  LaunchRequest,
  LaunchResult,
  RunEvent,
  LaunchContext,
  Outcome,
} from "./compare/run-once.ts";
export { type Spectrum, spectrumOf } from "./theory/spectrum.ts";
export {
  findSuite,
  type Suite,
  SUITES,
  type ChartName,
  type SuiteMethod,
} from "./suites/suites.ts";
export type { ScaleKind } from "./charts/scale.ts";
export type { Summary } from "./compare/aggregate.ts";
export type { Trial } from "./compare/sweep.ts";
export type { ProbeNumbers } from "./dynamics/probe.ts";
export type { PlannedRun } from "./compare/plan-runs.ts";
export type { PlacedEvaluation, RunLog } from "../runs/run-log.ts";
