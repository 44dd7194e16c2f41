import { describe, expect, it } from "vitest";
import { reportLines, tableLines } from "../../../src/cli/reports/report-text.ts";

describe("tableLines", () => {
  const table = {
    head: ["Method", "Mem (MB)", "Loss", "lr"],
    rows: [
      ["None", "241.6", "4.034 ± 0.016", "0.03 (usual)"],
      ["FLORA(128)", "-", "refused", "-"],
    ],
  };

  it("aligns numbers to the right", () => {
    expect(tableLines(table, 80)).toEqual([
      "Method      Mem (MB)           Loss            lr",
      "None           241.6  4.034 ± 0.016  0.03 (usual)",
      "FLORA(128)         -        refused             -",
    ]);
  });

  it("goes on below where the width does not do, with the names again", () => {
    expect(tableLines(table, 36)).toEqual([
      "Method      Mem (MB)           Loss",
      "None           241.6  4.034 ± 0.016",
      "FLORA(128)         -        refused",
      "",
      "Method                lr",
      "None        0.03 (usual)",
      "FLORA(128)             -",
    ]);
  });

  it.each([25, 26, 35, 36, 37, 49, 50])("is at most %d wide", (width) => {
    for (const line of tableLines(table, width)) expect(line.length).toBeLessThanOrEqual(width);
  });

  it("shows names alone", () => {
    expect(tableLines({ head: ["Method"], rows: [["None"]] }, 80)).toEqual(["Method", "None"]);
  });
});

it("writes a report within its width", () => {
  const chart = {
    title: "Loss",
    xLabel: "steps",
    yLabel: "nats",
    series: [{ name: "Dense", kind: "line" as const, points: [[0, 3] as const, [10, 1] as const] }],
  };
  const report = {
    title: "Comparison",
    intro: "A test of what is written, and how, in a line that is longer than the width.",
    sections: [
      { heading: "Results", paragraphs: ["Look here."], charts: [chart] },
      { heading: "Done", paragraphs: [], code: "flora compare" },
    ],
  };
  const lines = reportLines(report, { width: 40, color: false });
  expect(lines.slice(0, 6)).toEqual([
    "Comparison",
    "A test of what is written, and how, in a",
    "line that is longer than the width.",
    "",
    "Results",
    "",
  ]);
  expect(lines).toContain("Look here.");
  expect(lines.some((line) => line.includes("┤"))).toBe(true);
  expect(lines.at(-1)).toBe("  flora compare");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
});
