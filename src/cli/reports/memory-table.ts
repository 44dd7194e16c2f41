/**
 * @file The memory of a run in rows: what is predicted, what was measured, what others would need.
 */

import type { MemoryTable } from "../../runs/events.ts";
import { formatBytes, formatDeviation } from "../terminal/format.ts";
import { formatTable, indent, sideBySide } from "../terminal/layout.ts";

/** What training keeps of a model; the rest depends on the batch and not on the method. */
const STATE = new Set(["weights", "accumulators", "whole gradients", "optimizer state"]);

/** The prediction, and beside it the training state that other methods would need. */
export function formatPrediction(table: MemoryTable, width: number): string[] {
  const rows = [
    ["memory", "predicted"],
    ...table.rows.map(({ name, predicted }) => [`  ${name}`, formatBytes(predicted)]),
    ["  total", formatBytes(table.predictedTotal)],
    ...(table.disk === undefined ? [] : [["weights on disk", formatBytes(table.disk)]]),
  ];
  const left = formatTable(rows, ["left", "right"]);
  return table.alternatives.length === 0
    ? left
    : sideBySide(left, formatAlternatives(table), { width });
}

/** The prediction beside the measurement. */
export function formatMeasurement({ rows, predictedTotal, measuredTotal }: MemoryTable): string[] {
  return formatTable(
    [
      ["memory", "predicted", "measured", "deviation"],
      ...rows.map(({ name, predicted, measured }) => compare(`  ${name}`, predicted, measured)),
      compare("  total (peak)", predictedTotal, measuredTotal),
    ],
    ["left", "right", "right", "right"],
  );
}

function formatAlternatives({ rows, alternatives }: MemoryTable): string[] {
  const own = rows.reduce((sum, { name, predicted }) => sum + (STATE.has(name) ? predicted : 0), 0);
  const others = alternatives.map(({ name, bytes }) => [
    name,
    formatBytes(bytes),
    own > 0 ? `${(bytes / own).toFixed(1)} x` : "",
  ]);
  const table = [["this run", formatBytes(own)], ...others];
  return [
    "weights, gradients, optimizer",
    ...indent(formatTable(table, ["left", "right", "right"])),
  ];
}

function compare(name: string, predicted: number, measured: number | undefined): string[] {
  if (measured === undefined) return [name, formatBytes(predicted), "-"];
  const deviation = predicted === 0 ? "" : formatDeviation(measured / predicted - 1);
  return [name, formatBytes(predicted), formatBytes(measured), deviation];
}
