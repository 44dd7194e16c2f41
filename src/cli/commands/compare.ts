/** @file `flora compare`: methods trained one after another under one budget, and a table of what came out. */

import { option, UsageError } from "../../errors.ts";
import { nodeHost } from "../../host/node.ts";
import { compare, type ComparisonPlan, type SweepPlan } from "../../lab/compare/comparison.ts";
import { openDirectory, writeReports } from "../../lab/compare/directory.ts";
import { comparisonReport, type ReportOptions, shortReport } from "../../lab/compare/report.ts";
import { methodNames, parseMethods } from "../../lab/suites/method-spec.ts";
import { methodOptions, parseSeeds } from "../../lab/compare/plan-runs.ts";
import type { MethodResult } from "../../lab/compare/results.ts";
import type { Launch } from "../../lab/compare/run-once.ts";
import {
  type ChartName,
  findSuite,
  type Suite,
  SUITES,
  USUAL_CHARTS,
} from "../../lab/suites/suites.ts";
import { USUAL_FACTORS } from "../../lab/compare/sweep.ts";
import { parseConfig, type TrainOptions } from "../../options/config.ts";
import { claimDirectory } from "../../train/output/claim.ts";
import { quoteWords } from "../arguments/arguments.ts";
import { createCompareConsole } from "../reports/compare-console.ts";
import { fetchInputs } from "../inputs/fetch-run.ts";
import { runContext } from "../inputs/run-context.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { launchTrain } from "../terminal/launch.ts";
import type { ParsedOptions } from "../arguments/options.ts";
import type { Output } from "../terminal/progress.ts";
import { reportLines } from "../reports/report-text.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { programName, standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "compare --methods A,B,... | --suite NAME [config.yaml] [--option value ...]",
  summary: "train methods one after another under one budget, and print a table",
  details: [
    `A method is NAME[:RANK][@option=value...], with one of the names ${methodNames().join(", ")}; ` +
      "none is dense without accumulation.",
    "All options of flora train are those of every run. Each run is a process of its own; the same command again goes on " +
      "with what is missing.",
    ...SUITES.map(({ name, summary }) => `--suite ${name}: ${summary}`),
  ],
  options: {
    methods: { kind: "text", value: "A,B", help: "methods to compare" },
    suite: { kind: "text", value: "NAME", help: "a ready-made comparison, see above" },
    seeds: {
      kind: "text",
      value: "A,B",
      help: "how many seeds, or which; their mean and deviation are shown [1]",
    },
    lrSweep: { kind: "flag", help: "choose the learning rate of each method by short runs" },
    sweepFactors: {
      kind: "text",
      value: "A,B",
      help: "multiples of the usual rate to try [1/3,1,3]",
    },
    sweepRates: { kind: "text", value: "A,B", help: "rates to try, in place of multiples" },
    sweepShare: {
      kind: "number",
      above: 0,
      max: 1,
      default: 0.25,
      help: "share of the steps that a short run takes",
    },
  },
  takesRun: true,
  examples: [
    "flora compare --methods dense,flora:8,flora:32 --micro-steps 4 --steps 200",
    "flora compare --suite accumulation --train de.txt,en.txt --seeds 3 --lr-sweep",
    "flora compare --methods flora:8,flora:8@projection=orthonormal --output runs/projections",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options, dataset, own } = await readRunOptions(words, help.options);
  const inputs = await fetchInputs(options, dataset);
  const { withModelForData } = await import("../../train/setup/prepare.ts");
  const wished = withSuite(inputs, own);
  const context = await runContext(parseConfig(wished));
  const request = await readRequest(await withModelForData(wished, context), own);
  // The command that goes on with what is missing.
  const kept = words.filter((word) => !/^--(no-)?(overwrite|resume)(=.*)?$/.test(word));
  const command = `${programName()} compare ${quoteWords(kept)}`;
  const { files } = nodeHost();
  const claim = await claimDirectory(files, request.plan.output);
  try {
    await openDirectory(files, request.plan, { overwrite: options.overwrite === true });
    return await followComparison({ ...request, command }, launchTrain, standardOutput());
  } finally {
    await claim.release();
  }
}

export interface ComparisonRequest {
  readonly plan: ComparisonPlan;
  readonly charts: readonly ChartName[];
}

const DEFAULT_OUTPUT = "runs/compare";

/**
 * What a command line asks for.
 *
 * @throws {UsageError} if a method, a suite or an option is not allowed.
 */
export async function readRequest(
  options: TrainOptions,
  own: ParsedOptions,
): Promise<ComparisonRequest> {
  const { output = DEFAULT_OUTPUT, overwrite: _, resume: _2, ...given } = options;
  const list = own.text("methods");
  const suite = suiteOf(own);
  if (!suite && list === undefined) {
    throw new UsageError(`${option("methods")}: missing`, {
      hint: `give ${option("methods", "dense,flora:8")} or ${option("suite", SUITES.map(({ name }) => name).join("|"))}`,
    });
  }
  const expanded = suite && (await expand(suite, given));
  const base = { ...expanded?.base, ...given };
  const methods = list === undefined ? (expanded?.methods ?? []) : parseMethods(list);
  const { seed } = parseConfig(base);
  for (const method of methods) parseConfig(methodOptions(base, method));
  const plan: ComparisonPlan = {
    title: suite ? `Comparison: ${suite.name}` : "Comparison",
    summary: suite?.summary ?? `${methods.map(({ label }) => label).join(", ")} under one budget.`,
    lookAt: suite?.lookAt ?? [],
    notes: list === undefined ? (expanded?.notes ?? []) : [],
    methods,
    base,
    seeds: parseSeeds(own.text("seeds"), seed),
    output,
    sweep: readSweep(own),
  };
  return { plan, charts: suite?.charts ?? USUAL_CHARTS };
}

/** The options with those of the suite: where it has a model, none is made for the data. */
export const withSuite = (options: TrainOptions, own: ParsedOptions): TrainOptions => ({
  ...suiteOf(own)?.base,
  ...options,
});

function suiteOf(own: ParsedOptions): Suite | undefined {
  const name = own.text("suite");
  return name === undefined ? undefined : findSuite(name);
}

/** Loads onnxruntime, as the model is asked how wide it is. */
async function expand(suite: Suite, options: TrainOptions) {
  const { expandSuite } = await import("../../lab/suites/expand-suite.ts");
  return expandSuite(nodeHost().files, suite, options);
}

function readSweep(own: ParsedOptions): SweepPlan | undefined {
  const factors = readNumbers(own, "sweepFactors", "sweep-factors");
  const rates = readNumbers(own, "sweepRates", "sweep-rates");
  const share = own.number("sweepShare") ?? 1 / 4;
  if (factors && rates) {
    throw new UsageError("--sweep-rates: cannot be given together with --sweep-factors");
  }
  if (!own.flag("lrSweep") && !factors && !rates) return undefined;
  return { factors: factors ?? USUAL_FACTORS, rates, share };
}

function readNumbers(
  own: ParsedOptions,
  name: string,
  written: string,
): readonly number[] | undefined {
  const text = own.text(name);
  if (text === undefined) return undefined;
  // A third is written as people write it.
  const numbers = text.split(",").map((each) => {
    const [above = "", below = "1"] = each.split("/");
    return above.trim() === "" ? Number.NaN : Number(above) / Number(below);
  });
  if (numbers.every((number) => Number.isFinite(number) && number > 0)) return numbers;
  throw new UsageError(`--${written}: must be numbers above 0, with commas between; got ${text}`);
}

/** Follows a comparison to its end, and writes its reports; returns the exit code. */
export async function followComparison(
  { plan, charts, command }: ComparisonRequest & Pick<ReportOptions, "command">,
  launch: Launch,
  output: Output,
): Promise<number> {
  const host = nodeHost();
  const controller = new AbortController();
  const console = createCompareConsole(output, plan);
  const stopListening = onInterrupt((isFirst) => {
    if (isFirst) {
      console.note("ending the run in good order; Ctrl-C again ends at once");
      controller.abort();
    } else {
      console.close();
      process.exit(INTERRUPTED);
    }
  });
  let results: readonly MethodResult[] = [];
  let isWhole = false;
  try {
    for await (const event of compare(plan, { host, launch, signal: controller.signal })) {
      console.show(event);
      if (event.type !== "end") continue;
      results = event.results;
      isWhole = event.reason === "finished";
    }
  } finally {
    stopListening();
    console.close();
  }
  const report = comparisonReport(plan, results, { charts, command });
  const text = reportLines(report, { width: REPORT_WIDTH, color: false }).join("\n");
  await writeReports(host.files, { plan, results, report, text: `${text}\n` });
  if (isWhole || results.some(({ status }) => status === "finished")) {
    const shown = shortReport(plan, results, charts);
    output.write(`\n${reportLines(shown, output).join("\n")}\n\n`);
  }
  if (isWhole) {
    output.write(`${plan.output} has report.html, report.md, report.txt and results.json\n`);
    return results.some(({ status }) => status === "failed") ? 1 : 0;
  }
  output.write(`interrupted; go on with:\n  ${command}\n`);
  return INTERRUPTED;
}

/** Of report.txt, in characters. */
const REPORT_WIDTH = 120;
