import { describe, expect, it } from "vitest";
import { chartLines } from "../../../src/cli/reports/chart.ts";
import type { Chart } from "../../../src/lab/charts/chart.ts";

const CHART: Chart = {
  title: "Loss by rank",
  xLabel: "rank",
  yLabel: "nats",
  series: [
    {
      name: "flora",
      kind: "line",
      points: [
        [1, 1],
        [100, 100],
      ],
    },
    {
      name: "lora",
      kind: "dashed",
      points: [
        [1, 100],
        [100, 1],
      ],
    },
    { name: "dense", kind: "marks", points: [[10, 10]] },
  ],
};
const OPTIONS = { width: 40, height: 5, color: false } as const;

describe("a chart in a terminal", () => {
  it("has its title, caption, axes and legend", () => {
    const lines = chartLines({ ...CHART, caption: "It falls." }, OPTIONS);
    expect(lines.slice(0, 4)).toEqual(["Loss by rank", "It falls.", "", "nats"]);
    expect(lines.at(-1)?.trim()).toBe("A ⠤⠤ flora   B ⠤ ⠤ lora   ● dense");
    expect(lines.at(-2)?.trim()).toMatch(/^1 +rank 100$/);
    expect(lines.every((line) => line.length <= OPTIONS.width)).toBe(true);
  });

  it("puts the middle of a log axis where the logarithm is", () => {
    const lines = chartLines({ ...CHART, xScale: "log", yScale: "log" }, OPTIONS);
    expect(lines[2]).toBe("nats (log)");
    // Five rows: 100, 31.6, 10, 3.16, 1. The plot is 40 - 5 - 1 columns wide.
    expect(lines[5]).toMatch(/^  10 ┤/);
    const column = lines[5]?.indexOf("●") ?? 0;
    expect(Math.abs(column - 6 - 34 / 2)).toBeLessThanOrEqual(1);
  });

  it("lists the points where there is no line to draw, or says that there are none", () => {
    const one = {
      ...CHART,
      series: [{ name: "flora", kind: "line", points: [[5, 0.25]] }],
    } as const;
    expect(chartLines(one, OPTIONS).at(-1)).toBe("flora: nats 0.25 at rank 5");
    expect(chartLines({ ...CHART, series: [] }, OPTIONS).at(-1)).toBe("no data");
  });
});
