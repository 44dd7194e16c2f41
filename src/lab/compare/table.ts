/**
 * @file The tables of a comparison. The first has the form of the FLORA paper's (arXiv:2402.03293): method, memory, the memory beyond
 * that of training without accumulation, and quality, with exact bytes of state and
 * seconds beside it. The second has what else it took: prediction, rate, speed.
 */

import type { Summary } from "./aggregate.ts";
import type { Table } from "../charts/html.ts";
import { NO_ACCUMULATION } from "../suites/method-spec.ts";
import type { Measure, MethodResult } from "./results.ts";

interface Column {
  readonly head: string;
  /** What it is, for the legend. */
  readonly legend?: string;
  cell(result: MethodResult, reference: MethodResult | undefined): string | undefined;
}

const MB = 1e6;

const measure =
  (name: Measure, format: (value: number) => string) =>
  ({ summaries }: MethodResult): string | undefined =>
    formatSummary(summaries[name], format);

const fixed = (digits: number) => (value: number) => value.toFixed(digits);
const megabytes = (value: number): string => (value / MB).toFixed(1);

const beyond =
  (name: Measure, digits: number) =>
  ({ summaries }: MethodResult, reference: MethodResult | undefined): string | undefined => {
    const own = summaries[name];
    const other = reference?.summaries[name];
    if (!own || !other || reference?.summaries === summaries) return undefined;
    const difference = (own.mean - other.mean) / MB;
    return `${difference < 0 ? "" : "+"}${difference.toFixed(digits)}`;
  };

const METHOD: Column = { head: "Method", cell: ({ label }) => label };

const QUALITY: readonly Column[] = [
  METHOD,
  {
    head: "Mem (MB)",
    legend: "measured peak of the process",
    cell: ({ summaries: { measuredBytes } }) => measuredBytes && megabytes(measuredBytes.mean),
  },
  { head: "ΔM (MB)", legend: "beyond None, measured", cell: beyond("measuredBytes", 1) },
  {
    head: "ΔS (MB)",
    legend: "adapters, accumulators and optimizer state beyond None's, in exact bytes",
    cell: beyond("stateBytes", 2),
  },
  {
    head: "Loss",
    legend: "held out, in nats",
    cell: (result) =>
      result.status === "finished" ? measure("loss", fixed(3))(result) : result.status,
  },
  {
    head: "State (MB)",
    legend:
      "adapters, accumulators, gradients that must be whole, and optimizer state, in exact bytes",
    cell: ({ summaries: { stateBytes } }) => stateBytes && (stateBytes.mean / MB).toFixed(2),
  },
  {
    head: "Time (s)",
    legend: "of the whole run, evaluations included",
    cell: measure("seconds", fixed(1)),
  },
  { head: "PPL", legend: "perplexity", cell: measure("perplexity", fixed(2)) },
  { head: "Accuracy", legend: "held out, 0 to 1", cell: measure("accuracy", fixed(3)) },
  { head: "BLEU", cell: measure("bleu", fixed(1)) },
  {
    head: "R1/R2/RL",
    legend: "ROUGE in percent",
    cell: ({ summaries: { rouge1, rouge2, rougeL } }) =>
      rouge1 && rouge2 && rougeL
        ? [rouge1, rouge2, rougeL].map(({ mean }) => mean.toFixed(1)).join("/")
        : undefined,
  },
];

const COST: readonly Column[] = [
  METHOD,
  {
    head: "Size",
    legend: "parameters, adapters included",
    cell: ({ parameterCount }) =>
      parameterCount === undefined ? undefined : `${(parameterCount / MB).toPrecision(3)} M`,
  },
  { head: "Mem (MB)", cell: measure("measuredBytes", megabytes) },
  {
    head: "Predicted (MB)",
    legend: "peak that was told before the run",
    cell: ({ summaries: { predictedBytes } }) => predictedBytes && megabytes(predictedBytes.mean),
  },
  {
    head: "lr",
    legend: "peak learning rate, and whether it was given, is the usual one, or comes from a sweep",
    cell: ({ rate, status }) => (status === "refused" ? undefined : `${rate.value} (${rate.how})`),
  },
  {
    head: "tokens/s",
    legend: "while training",
    cell: ({ summaries: { tokensPerSecond } }) => tokensPerSecond?.mean.toFixed(0),
  },
];

/** A table, and what its columns mean in a sentence. */
export interface ExplainedTable {
  readonly table: Table;
  readonly legend: string;
}

/** Memory and quality, as in the paper. */
export const qualityTable = (results: readonly MethodResult[]): ExplainedTable =>
  explain(QUALITY, results);

/** What it took. */
export const costTable = (results: readonly MethodResult[]): ExplainedTable =>
  explain(COST, results);

/** The columns that have something to say, and a row for each method. */
function explain(all: readonly Column[], results: readonly MethodResult[]): ExplainedTable {
  const reference = results.find(({ name }) => name === NO_ACCUMULATION);
  const columns = all.filter(
    (column) =>
      column === METHOD || results.some((result) => column.cell(result, reference) !== undefined),
  );
  const explained = columns.flatMap(({ head, legend }) =>
    legend === undefined ? [] : [`${head.replace(" (MB)", "")}: ${legend}`],
  );
  return {
    table: {
      head: columns.map(({ head }) => head),
      rows: results.map((result) => columns.map((column) => column.cell(result, reference) ?? "-")),
    },
    legend: explained.length === 0 ? "" : `${explained.join("; ")}. MB are 10^6 bytes.`,
  };
}

/** "1.234 ± 0.012", or the value of a single run. */
export function formatSummary(
  summary: Summary | undefined,
  format: (value: number) => string,
): string | undefined {
  if (!summary) return undefined;
  const { mean, deviation } = summary;
  return deviation === undefined ? format(mean) : `${format(mean)} ± ${format(deviation)}`;
}
