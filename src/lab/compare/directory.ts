/** @file The output directory of a comparison: whose it is, and what is written there. */

import { option, UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../host/atomic.ts";
import { readText } from "../../host/content.ts";
import { errorCode, fileError } from "../../host/file-error.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import type { TrainOptions } from "../../options/config.ts";
import { chartSvg } from "../charts/chart.ts";
import type { ComparisonPlan } from "./comparison.ts";
import { isDirectoryClaim } from "../../train/output/claim.ts";
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
  files: FileStore,
  { output, base }: ComparisonPlan,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  const names = await namesIn(files, output);
  const path = join(output, MARK);
  const own = canonical(withoutSeed(base));
  const isComparison = names.includes(MARK);
  if (isComparison && overwrite) await files.remove(join(output, "runs"));
  if (isComparison && !overwrite && (await readText(files, path)).trim() !== own) {
    throw new UsageError(
      `${option("output")}: holds a comparison with other options; got ${output}`,
      {
        hint: `give another ${option("output")}, or ${option("overwrite")} to replace it`,
      },
    );
  }
  if (!isComparison && names.length > 0 && !overwrite) {
    throw new UsageError(
      `${option("output")}: holds something that is no comparison; got ${output}`,
      {
        hint: `give another ${option("output")}, or ${option("overwrite")} to write there anyway`,
      },
    );
  }
  await files.makeDirectory(output);
  await write(files, path, `${own}\n`);
}

const withoutSeed = (options: TrainOptions): TrainOptions => ({ ...options, seed: undefined });

async function namesIn(files: FileStore, directory: string): Promise<readonly string[]> {
  try {
    const names = (await files.list(directory)).map(({ name }) => name);
    return names.filter((name) => !isDirectoryClaim(name));
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
export async function writeReports(
  files: FileStore,
  { plan, results, report, text }: WrittenReport,
): Promise<void> {
  const { output, title, base, seeds, methods } = plan;
  const at = (name: string) => join(output, name);
  await files.makeDirectory(at("charts"));
  for (const chart of report.sections.flatMap(({ charts = [] }) => charts)) {
    await write(files, at(chartFile(chart.title)), chartSvg(chart));
  }
  const wanted = { title, base, seeds, methods: methods.map((method) => method.text) };
  await write(files, at("results.json"), `${toJson({ ...wanted, results })}\n`);
  await write(files, at("report.md"), markdownReport(report, chartFile));
  await write(files, at("report.txt"), text);
  await write(files, at("report.html"), htmlReport(report));
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

const write = (files: FileStore, path: string, text: string): Promise<void> =>
  writeFileAtomic(files, path, (file) => file.write(text));
