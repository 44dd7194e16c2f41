/** @file The findings of `flora dynamics` as files: pictures, a page, and all numbers. */

import { writeFile } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import { chartSvg } from "../charts/chart.ts";
import { bounds } from "./bound.ts";
import { findingsOf } from "./report.ts";
import type { DynamicsResult } from "./result.ts";
import { verdictOf } from "./theory.ts";
import { htmlReport } from "../charts/html.ts";
import { svgToPng } from "../charts/png.ts";

/** Writes everything; returns the names of the files, pictures by their common name. */
export async function writeDynamics(
  files: FileStore,
  result: DynamicsResult,
  directory: string,
): Promise<readonly string[]> {
  await files.makeDirectory(directory);
  const findings = findingsOf(result);
  const write = (name: string, contents: string | Uint8Array) =>
    writeFile(files, join(directory, name), contents);
  const charts = findings.flatMap(({ name, chart }) => (chart ? [{ name, chart }] : []));
  for (const { name, chart } of charts) {
    const svg = chartSvg(chart);
    await write(`${name}.svg`, svg);
    await write(`${name}.png`, await svgToPng(files, svg));
  }
  const { start, steps, end } = result;
  const numbers = { verdict: verdictOf(result), bounds: bounds(result), start, steps, end };
  await write("dynamics.json", `${JSON.stringify(numbers, undefined, 1)}\n`);
  await write("report.html", reportPage(result));
  return ["report.html", "dynamics.json", ...charts.map(({ name }) => `${name}.svg, .png`)];
}

function reportPage(result: DynamicsResult): string {
  const { start } = result;
  return htmlReport({
    title: "LoRA as a gradient compressor",
    intro:
      `Hao, Cao & Mou, "Flora: Low-Rank Adapters Are Secretly Gradient Compressors" (ICML 2024, arXiv:2402.03293), section 2, as an ` +
      `experiment: ${start.modelType}, ${start.data}; ${start.targets.length} matrices move, everything else is frozen; SGD at the constant rate ` +
      `${start.rate}, rank ${start.rank}, s = ${start.scale}, ${start.steps} steps after ${start.warmStart} of Adam on everything; seed ${start.seed}. One run: figures are of this seed alone.`,
    sections: findingsOf(result).map(({ heading, reading, chart, table }) => ({
      heading,
      paragraphs: reading,
      ...(chart && { charts: [chart] }),
      ...(table && { table }),
    })),
  });
}
