import { describe, expect, it } from "vitest";
import { comparisonCharts } from "../../../src/lab/compare/charts.ts";
import type { MethodResult } from "../../../src/lab/compare/results.ts";
import type { ChartName } from "../../../src/lab/suites/suites.ts";
import { finished, refused, runResult } from "../results.ts";

const curve = (...losses: readonly number[]) =>
  losses.map((loss, i) => ({ microBatches: 10 * i, seconds: 2 * i, loss }));

const seriesOf = (name: ChartName, results: readonly MethodResult[]) =>
  comparisonCharts([name], results)[0]?.series;

describe("curves", () => {
  it("are the mean over seeds, with a band", () => {
    const runs = [curve(5, 3), curve(6, 4)].map((points) => runResult({ curve: points }));
    const [series] = seriesOf("steps", [finished("dense", { loss: 3.5 }, { runs })]) ?? [];
    expect(series).toMatchObject({ name: "Dense", kind: "line" });
    expect(series?.points).toEqual([
      [0, 5.5],
      [10, 3.5],
    ]);
    // 5.5 - numpy.std([5, 6], ddof=1)
    expect(series?.band?.[0]?.[1]).toBeCloseTo(4.792893218813452, 12);
  });

  it("of one seed have no band", () => {
    const [series] = seriesOf("seconds", [finished("dense", { loss: 3 })]) ?? [];
    expect(series?.points).toEqual([
      [0, 5],
      [10, 2],
    ]);
    expect(series).not.toHaveProperty("band");
  });

  it("leave out runs that diverged if others did not, and show one otherwise", () => {
    const good = runResult({ curve: curve(5, 3) });
    const bad = runResult({ curve: curve(5, 90, 99), status: "diverged" });
    const shown = (runs: MethodResult["runs"]) =>
      seriesOf("steps", [finished("dense", {}, { runs })])?.[0]?.points.map(([, y]) => y);
    expect(shown([bad, good])).toEqual([5, 3]);
    expect(shown([bad, bad])).toEqual([5, 90, 99]);
  });
});

it("draws the ranks of a method as one line, in the order of x", () => {
  const results = [
    finished("dense", { loss: 1, stateBytes: 9e6 }),
    finished("flora:32", { loss: 1.5, stateBytes: 4e6 }),
    finished("flora:8", { loss: 2, stateBytes: 1e6 }),
    refused("flora:4"),
  ];
  expect(seriesOf("state", results)).toEqual([
    { name: "Dense", kind: "marks", points: [[9, 1]] },
    {
      name: "FLORA",
      kind: "line",
      points: [
        [1, 2],
        [4, 1.5],
      ],
    },
  ]);
  expect(seriesOf("rank", results)).toMatchObject([
    {
      name: "FLORA",
      points: [
        [8, 2],
        [32, 1.5],
      ],
    },
    {
      name: "Dense",
      kind: "dashed",
      points: [
        [8, 1],
        [32, 1],
      ],
    },
  ]);
});

it("draws the loss against the interval", () => {
  const results = [10, 1000, 100].map((kappa) =>
    finished(`flora:8@resampleEvery=${kappa}`, { loss: 1 + 1 / kappa }),
  );
  const [series, ...others] = seriesOf("kappa", [...results, refused("flora:8")]) ?? [];
  expect(series?.name).toBe("FLORA");
  expect(series?.points.map(([x]) => x)).toEqual([10, 100, 1000]);
  expect(others).toEqual([]);
});

it("draws measured against predicted, and where they are the same", () => {
  const results = [finished("dense", { predictedBytes: 300e6, measuredBytes: 280e6 })];
  expect(seriesOf("memory", results)).toMatchObject([
    { name: "Dense", points: [[300, 280]] },
    {
      kind: "dashed",
      points: [
        [280, 280],
        [300, 300],
      ],
    },
  ]);
});

it("leaves out charts that would be empty", () => {
  const names: readonly ChartName[] = ["steps", "seconds", "state", "kappa", "rank", "memory"];
  expect(comparisonCharts(names, [])).toEqual([]);
  expect(comparisonCharts(names, [refused("flora:8")])).toEqual([]);
});
