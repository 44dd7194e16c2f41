import { expect, it } from "vitest";
import { costTable, formatSummary, qualityTable } from "../../../src/lab/compare/table.ts";
import { finished, refused } from "../results.ts";

const MB = 1e6;
const none = finished("none", {
  measuredBytes: 300 * MB,
  predictedBytes: 310 * MB,
  stateBytes: 50 * MB,
  loss: 1.5,
  perplexity: Math.exp(1.5),
  seconds: 10,
});
const flora = finished("flora:8", {
  measuredBytes: { mean: 310.25 * MB, deviation: 1.5 * MB, count: 3 },
  predictedBytes: 305 * MB,
  stateBytes: 45.5 * MB,
  loss: { mean: 2.34567, deviation: 0.0123, count: 3 },
  perplexity: 10.4,
  bleu: 12.34,
  seconds: 11,
});

it("has the form of the paper's table", () => {
  const { table, legend } = qualityTable([none, flora, refused("flora:4")]);
  expect(table).toEqual({
    head: [
      "Method",
      "Mem (MB)",
      "ΔM (MB)",
      "ΔS (MB)",
      "Loss",
      "State (MB)",
      "Time (s)",
      "PPL",
      "BLEU",
    ],
    rows: [
      ["None", "300.0", "-", "-", "1.500", "50.00", "10.0", "4.48", "-"],
      ["FLORA(8)", "310.3", "+10.3", "-4.50", "2.346 ± 0.012", "45.50", "11.0", "10.40", "12.3"],
      ["FLORA(4)", "-", "-", "-", "refused", "-", "-", "-", "-"],
    ],
  });
  expect(legend).toMatch(/^Mem: measured peak.*; ΔM: beyond None.*MB are 10\^6 bytes\.$/);
});

it("counts nothing from a method that is not there", () => {
  const { table } = qualityTable([flora]);
  expect(table.head).toEqual([
    "Method",
    "Mem (MB)",
    "Loss",
    "State (MB)",
    "Time (s)",
    "PPL",
    "BLEU",
  ]);
});

it("has the accuracy of classifiers", () => {
  const { table } = qualityTable([finished("dense", { loss: 0.5, accuracy: 0.8126 })]);
  expect(table.head).toEqual(["Method", "Loss", "Accuracy"]);
  expect(table.rows).toEqual([["Dense", "0.500", "0.813"]]);
});

it("has ROUGE where there is some", () => {
  const both = finished("dense", { rouge1: 50.04, rouge2: 25.06, rougeL: 40, loss: 1 });
  const { table } = qualityTable([both, none]);
  expect(table.head.at(-1)).toBe("R1/R2/RL");
  expect(table.rows.map((row) => row.at(-1))).toEqual(["50.0/25.1/40.0", "-"]);
});

it("says what it took, and how the rate was found", () => {
  const swept = { ...none, rate: { value: 0.06, how: "sweep" as const, trials: [], unstable: [] } };
  const { table } = costTable([swept, refused("flora:4")]);
  expect(table).toEqual({
    head: ["Method", "Size", "Mem (MB)", "Predicted (MB)", "lr"],
    rows: [
      ["None", "1.23 M", "300.0", "310.0", "0.06 (sweep)"],
      ["FLORA(4)", "-", "-", "-", "-"],
    ],
  });
});

it("has only a name for results without numbers", () => {
  expect(qualityTable([]).table).toEqual({ head: ["Method"], rows: [] });
  expect(qualityTable([]).legend).toBe("");
});

it.each([
  [{ mean: 1.25, deviation: 0.5, count: 2 }, "1.3 ± 0.5"],
  [{ mean: 1.25, deviation: undefined, count: 1 }, "1.3"],
  [undefined, undefined],
])("formatSummary(%j)", (summary, text) => {
  expect(formatSummary(summary, (value) => value.toFixed(1))).toBe(text);
});
