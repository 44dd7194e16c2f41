/** @file A comparison as a report: what came out, what to look at, and what was done, so that it can be done again. */

import { below } from "../../host/path.ts";
import { parseConfig } from "../../options/config.ts";
import { LOG_FILE } from "../../runs/log-line.ts";
import type { Chart } from "../charts/chart.ts";
import type { ComparisonPlan } from "./comparison.ts";
import { comparisonCharts } from "./charts.ts";
import { costTable, qualityTable } from "./table.ts";
import type { Report, Section } from "../charts/html.ts";
import type { ChosenRate, MethodResult } from "./results.ts";
import type { ChartName } from "../suites/suites.ts";

export interface ReportOptions {
  readonly charts: readonly ChartName[];
  /** The command that made it. */
  readonly command: string;
}

/** The report in sections, for HTML, Markdown and plain text. */
export function comparisonReport(
  plan: ComparisonPlan,
  results: readonly MethodResult[],
  { charts, command }: ReportOptions,
): Report {
  const short = shortReport(plan, results, charts);
  const details = [runSection(plan, results), methodSection(plan, results, command)];
  return { ...short, sections: [...short.sections, ...details] };
}

/** What came out, without the details of how. */
export function shortReport(
  plan: ComparisonPlan,
  results: readonly MethodResult[],
  charts: readonly ChartName[],
): Report {
  const pictures = comparisonCharts(charts, results);
  return {
    title: plan.title,
    intro: plan.summary,
    sections: [
      resultSection(plan, results),
      ...(pictures.length > 0 ? [pictureSection(pictures)] : []),
      costSection(results),
      ...sweepSection(results),
    ],
  };
}

function resultSection(
  { methods, lookAt, notes }: ComparisonPlan,
  results: readonly MethodResult[],
): Section {
  const missing = methods.filter(({ text }) => results.every((result) => result.text !== text));
  const { table, legend } = qualityTable(results);
  return {
    heading: "Results",
    paragraphs: [
      ...lookAt,
      ...(legend === "" ? [] : [legend]),
      ...complaints(results),
      ...(missing.length > 0
        ? [`Not trained yet: ${missing.map(({ label }) => label).join(", ")}.`]
        : []),
      ...notes,
    ],
    table,
  };
}

function costSection(results: readonly MethodResult[]): Section {
  const { table, legend } = costTable(results);
  return { heading: "Memory and time", paragraphs: [legend], table };
}

/** Why rows have no numbers, each in a sentence. */
export const complaints = (results: readonly MethodResult[]): readonly string[] =>
  results.flatMap(({ label, message }) => (message === undefined ? [] : [`${label}: ${message}.`]));

const pictureSection = (charts: readonly Chart[]): Section => ({
  heading: "Pictures",
  paragraphs: [],
  charts,
});

/** What a sweep tried, if there was one. */
function sweepSection(results: readonly MethodResult[]): readonly Section[] {
  const swept = results.filter(({ rate }) => rate.trials.length > 0);
  if (swept.length === 0) return [];
  const rows = swept.flatMap(({ label, rate }) =>
    rate.trials.map((trial) => [
      label,
      String(trial.rate),
      Number.isFinite(trial.loss) ? trial.loss.toFixed(3) : "diverged",
      mark(trial.rate, rate),
    ]),
  );
  return [
    {
      heading: "Learning rates",
      paragraphs: [
        "Short runs with the first seed; the rate with the lowest held-out loss is used, unless the first whole run at it ends " +
          "above the short one: then the next lower.",
      ],
      table: { head: ["Method", "lr", "Loss", ""], rows },
    },
  ];
}

function mark(tried: number, { value, unstable }: ChosenRate): string {
  if (tried === value) return "chosen";
  return unstable.includes(tried) ? "did not last" : "";
}

function runSection({ output }: ComparisonPlan, results: readonly MethodResult[]): Section {
  const rows = results.flatMap(({ label, runs }) =>
    runs.map(({ seed, status, loss, bleu, seconds, directory }) => [
      label,
      String(seed),
      status,
      loss === undefined ? "-" : loss.toFixed(4),
      bleu === undefined ? "-" : bleu.toFixed(2),
      seconds === undefined ? "-" : seconds.toFixed(1),
      below(output, directory),
    ]),
  );
  return {
    heading: "Runs",
    paragraphs: [
      `Each directory has the model, the options in run.json and all events in ${LOG_FILE}.`,
    ],
    table: { head: ["Method", "Seed", "Status", "Loss", "BLEU", "Time (s)", "Directory"], rows },
  };
}

function methodSection(
  { base, seeds }: ComparisonPlan,
  results: readonly MethodResult[],
  command: string,
): Section {
  const config = parseConfig(base);
  const { steps, epochs = 1, microSteps, batchSize, optimizer, schedule } = config;
  const budget = steps === undefined ? `${epochs} epochs` : `${steps} steps`;
  const runs = results.flatMap((result) => result.runs);
  const signature = runs.find((run) => run.signature !== undefined)?.signature;
  const data = results.find((result) => result.data !== undefined)?.data;
  return {
    heading: "How it was done",
    paragraphs: [
      `Every run: ${budget} of ${microSteps} micro-batches of ${batchSize} sequences; without accumulation, ` +
        `a step for each micro-batch. ${optimizer}, ${schedule} schedule, seeds ${seeds.join(", ")}. ` +
        "All runs have the same held-out data, and for one seed all methods see the same micro-batches in the same order.",
      ...(data === undefined ? [] : [`Data: ${data}.`]),
      ...(signature === undefined ? [] : [`BLEU: sacreBLEU ${signature}.`]),
      "Deviations are of the sample (n - 1). Every run is a process of its own.",
    ],
    code: command,
  };
}
