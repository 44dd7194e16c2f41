import { expect, it } from "vitest";
import { formatMeasurement, formatPrediction } from "../../../src/cli/reports/memory-table.ts";
import { MEMORY } from "../events.ts";

// this run: 500 + 50 + 2 MB; 2000 / 552 = 3.6, 690 / 552 = 1.25.
it("shows the prediction beside what others would need", () => {
  expect(formatPrediction(MEMORY, 80).join("\n")).toBe(
    `
memory             predicted      weights, gradients, optimizer
  weights           500.0 MB        this run     552.0 MB
  accumulators       50.0 MB        AdamW          2.0 GB  3.6 x
  optimizer state     2.0 MB        LoRA rank 8  690.0 MB  1.3 x
  activations       120.0 MB
  workspace         300.0 MB
  runtime           100.0 MB
  total               1.1 GB`.trimStart(),
  );
});

it("counts gradients that must be whole for some steps", () => {
  const [weights, ...others] = MEMORY.rows;
  if (!weights) throw new Error("no rows");
  const rows = [weights, { name: "whole gradients" as const, predicted: 48e6 }, ...others];
  const text = formatPrediction({ ...MEMORY, rows }, 80).join("\n");
  expect(text).toMatch(/whole gradients +48\.0 MB/);
  expect(text).toMatch(/this run +600\.0 MB/);
});

it("tells what weights take of the disk where they lie there", () => {
  const lines = formatPrediction({ ...MEMORY, disk: 13.5e9 }, 80);
  expect(lines.at(-1)).toMatch(/^weights on disk +13\.5 GB$/);
});

it("stacks the tables where they do not fit side by side", () => {
  const lines = formatPrediction(MEMORY, 40);
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  expect(lines.slice(8, 11)).toEqual([
    "",
    "weights, gradients, optimizer",
    "  this run     552.0 MB",
  ]);
});

it("shows the prediction alone where there is no alternative", () => {
  expect(formatPrediction({ ...MEMORY, alternatives: [] }, 80)).toHaveLength(8);
});

it("shows the measurement beside the prediction", () => {
  const rows = MEMORY.rows.map((row) =>
    row.name === "weights"
      ? { ...row, measured: 500e6 }
      : row.name === "activations"
        ? { ...row, measured: 90e6 }
        : row,
  );
  expect(formatMeasurement({ ...MEMORY, rows, measuredTotal: 1100e6 }).join("\n")).toBe(
    `
memory             predicted  measured  deviation
  weights           500.0 MB  500.0 MB      0.0 %
  accumulators       50.0 MB         -
  optimizer state     2.0 MB         -
  activations       120.0 MB   90.0 MB    -25.0 %
  workspace         300.0 MB         -
  runtime           100.0 MB         -
  total (peak)        1.1 GB    1.1 GB     +2.6 %`.trimStart(),
  );
});
