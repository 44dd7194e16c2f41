/**
 * @file What is compressed and what is not, one line for all layers that are alike.
 *
 *   12 x h.*.attn.c_attn.weight  [768, 2304]  rank 128 of 768 rows  85.0 MB -> 14.2 MB
 *
 * Bytes are those of a whole gradient, and of what is kept of it and for the optimizer.
 */

import type { ParameterPlan } from "../../engine/plan.ts";
import { formatBytes, formatPercent, formatShape } from "../terminal/format.ts";
import { formatTable, textWidth } from "../terminal/layout.ts";

interface Group {
  readonly label: string;
  readonly count: number;
  readonly shape: string;
  readonly treatment: string;
  readonly compressed: boolean;
  readonly frozen: boolean;
  readonly weightBytes: number;
  readonly gradientBytes: number;
  readonly keptBytes: number;
}

/** The table and a line that sums it up; without shapes where they do not fit into `width`. */
export function formatPlan(parameters: readonly ParameterPlan[], width: number): string[] {
  const groups = groupParameters(parameters);
  const complete = formatGroups(groups, true);
  const fits = complete.every((line) => textWidth(line) <= width);
  const [name, summary] = summarize(groups);
  return [...(fits ? complete : formatGroups(groups, false)), `${name}: ${summary}`];
}

/** What is trained, and what of its gradients is compressed, in one line: a name and what stands for it. */
export const planSummary = (parameters: readonly ParameterPlan[]): readonly [string, string] =>
  summarize(groupParameters(parameters));

function formatGroups(groups: readonly Group[], withShapes: boolean): string[] {
  const rows = groups.map((group) => [
    group.count > 1 ? `${group.count} x` : "",
    group.label,
    ...(withShapes ? [group.shape] : []),
    group.treatment,
    group.frozen ? "" : formatBytes(group.gradientBytes),
    group.frozen ? "" : `-> ${formatBytes(group.keptBytes)}`,
  ]);
  const shape = withShapes ? (["left"] as const) : [];
  return formatTable(rows, ["right", "left", ...shape, "left", "right", "left"]);
}

/** Parameters that differ only in the layer's number; vectors of a treatment together. */
export function groupParameters(parameters: readonly ParameterPlan[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { name, shape, treatment, compressed, frozen, ...bytes } of parameters) {
    const isMatrix = shape.length > 1;
    const pattern = name.replaceAll(/(?<=^|\.)\d+(?=\.|$)/g, "*");
    const key = isMatrix ? JSON.stringify([pattern, shape, treatment]) : treatment;
    const before = groups.get(key);
    const sameName = before === undefined || before.label === pattern;
    const sameShape = before === undefined || before.shape === formatShape(shape);
    groups.set(key, {
      label: sameName ? pattern : "vectors",
      count: (before?.count ?? 0) + 1,
      shape: sameShape ? formatShape(shape) : "",
      treatment,
      compressed,
      frozen,
      weightBytes: (before?.weightBytes ?? 0) + bytes.weightBytes,
      gradientBytes: (before?.gradientBytes ?? 0) + (bytes.trainedBytes ?? bytes.weightBytes),
      keptBytes: (before?.keptBytes ?? 0) + bytes.accumulatorBytes + bytes.optimizerBytes,
    });
  }
  return [...groups.values()].toSorted(
    (a, b) => Number(a.frozen) - Number(b.frozen) || Number(b.compressed) - Number(a.compressed),
  );
}

function summarize(groups: readonly Group[]): readonly [string, string] {
  const compressed = groups.filter((group) => group.compressed);
  const dense = groups.filter((group) => !group.compressed && !group.frozen);
  const trained = groups.filter((group) => !group.frozen);
  const all = total(trained, "gradientBytes");
  if (trained.length < groups.length) {
    const weights = total(groups, "weightBytes");
    const share = `${formatBytes(all)} of ${formatBytes(weights)} (${formatPercent(all / weights)})`;
    return [
      "trained",
      `${share}, ${formatBytes(total(trained, "keptBytes"))} kept; the rest is frozen`,
    ];
  }
  if (compressed.length === 0) return ["gradients", `${formatBytes(all)}, nothing is compressed`];
  const before = total(compressed, "gradientBytes");
  return [
    "gradients",
    `${formatPercent(before / all)} compressed, ${formatBytes(before)}` +
      ` -> ${formatBytes(total(compressed, "keptBytes"))}` +
      `; dense: ${formatBytes(total(dense, "gradientBytes"))}`,
  ];
}

const total = (
  groups: readonly Group[],
  field: "gradientBytes" | "keptBytes" | "weightBytes",
): number => groups.reduce((sum, group) => sum + group[field], 0);
