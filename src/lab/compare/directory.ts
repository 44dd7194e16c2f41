/** @file The output directory of a comparison: whose it is, and what is written there. */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { option, UsageError } from "../../errors.ts";
import type { TrainOptions } from "../../options/config.ts";
import { errorCode, fileError } from "../../weights/file-error.ts";
import { writeFileAtomic } from "../../weights/index.ts";
import { chartSvg } from "../charts/chart.ts";
import type { ComparisonPlan } from "./comparison.ts";
import { type Report, htmlReport } from "../charts/html.ts";
import { markdownReport } from "../charts/markdown.ts";
import { canonical } from "./plan-runs.ts";
import type { MethodResult } from "./results.ts";

/** What says that a directory belongs to a comparison, and to which. */
const MARK = "comparison.json";

/**
 * Makes the directory this comparison's. Methods and seeds may be added to one that is there: what was trained stays.
 *
 * @throws {UsageError} if it holds something else, or runs with other options.
 */
export async function openDirectory(
  { output, base }: ComparisonPlan,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  const files = await filesOf(output);
  const path = join(output, MARK);
  const own = canonical(withoutSeed(base));
  const isComparison = files.includes(MARK);
  if (isComparison && overwrite) await rm(join(output, "runs"), { recursive: true, force: true });
  if (isComparison && !overwrite && (await readFile(path, "utf8")).trim() !== own) {
    throw new UsageError(`output: holds a comparison with other options; got ${output}`, {
      hint: `give another ${option("output")}, or ${option("overwrite")} to replace it`,
    });
  }
  if (!isComparison && files.length > 0 && !overwrite) {
    throw new UsageError(`output: holds something that is no comparison; got ${output}`, {
      hint: `give another ${option("output")}, or ${option("overwrite")} to write there anyway`,
    });
  }
  await mkdir(output, { recursive: true });
  await write(path, `${own}\n`);
}

const withoutSeed = (options: TrainOptions): TrainOptions => ({ ...options, seed: undefined });

async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError(directory, "opening the output directory", error);
  }
}

export interface WrittenReport {
  readonly plan: ComparisonPlan;
  readonly results: readonly MethodResult[];
  readonly report: Report;
  /** The report as plain text. */
  readonly text: string;
}

/** Writes results.json, report.md with its charts, report.txt and report.html. */
export async function writeReports({ plan, results, report, text }: WrittenReport): Promise<void> {
  const { output, title, base, seeds, methods } = plan;
  const at = (name: string) => join(output, name);
  await mkdir(at("charts"), { recursive: true });
  for (const chart of report.sections.flatMap(({ charts = [] }) => charts)) {
    await write(at(chartFile(chart.title)), chartSvg(chart));
  }
  const wanted = { title, base, seeds, methods: methods.map((method) => method.text) };
  await write(at("results.json"), `${toJson({ ...wanted, results })}\n`);
  await write(at("report.md"), markdownReport(report, chartFile));
  await write(at("report.txt"), text);
  await write(at("report.html"), htmlReport(report));
}

const chartFile = (title: string): string =>
  `charts/${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.svg`;

/** Numbers that JSON does not have are written as text, as in the log. */
const toJson = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, each: unknown) =>
      typeof each === "number" && !Number.isFinite(each) ? String(each) : each,
    2,
  );

const write = (path: string, text: string): Promise<void> =>
  writeFileAtomic(path, async (file) => {
    await file.writeFile(text);
  });
