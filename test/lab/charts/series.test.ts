import { describe, expect, it } from "vitest";
import {
  drawSeries,
  type PlacedSeries,
  seriesLook,
  swatch,
} from "../../../src/lab/charts/series.ts";
import { findAll, parseMarkup } from "../../support/markup.ts";

const GROUND = { paper: "#fff", ink: "#222" };
const at = (x: number, y: number) => ({ x, y });
const pathsOf = (all: readonly PlacedSeries[]) =>
  findAll(parseMarkup(`<g>${drawSeries(all, 600, GROUND).join("")}</g>`), "path").map(
    ({ attributes }) => attributes,
  );
const linesOf = (all: readonly PlacedSeries[]) =>
  pathsOf(all).filter(({ fill }) => fill === "none");
const marksOf = (all: readonly PlacedSeries[]) =>
  pathsOf(all).filter(({ transform }) => transform !== undefined);

it("tells as many series apart as there are pairs of colours and marks", () => {
  const all = Array.from({ length: 56 }, () => ({ kind: "line" }) as const);
  const looks = all.map((_, i) => seriesLook(all, i));
  expect(new Set(looks.map(({ color, mark }) => `${color} ${mark}`)).size).toBe(56);
  expect(new Set(looks.slice(0, 7).map(({ color }) => color)).size).toBe(7);
});

it("gives dashes of their own to dashed lines, and marks to lines that are not alone", () => {
  const all = [{ kind: "dashed" }, { kind: "line" }, { kind: "dashed" }] as const;
  const dashes = all.map((_, i) => seriesLook(all, i).dash);
  expect(dashes[0]).toBeDefined();
  expect(dashes[1]).toBeUndefined();
  expect(dashes[2]).not.toBe(dashes[0]);
  expect(seriesLook(all, 1).isMarked).toBe(true);
  expect(seriesLook([{ kind: "line" }, { kind: "marks" }], 0).isMarked).toBe(false);
});

describe("a path", () => {
  it("is interrupted at a gap, and marked where a point is alone between two", () => {
    const path = [at(0, 1), at(1, 2), undefined, at(3, 4), undefined, at(5, 6), at(6, 7.125)];
    const all = [{ kind: "line", path, band: [] }] as const;
    expect(linesOf(all).map(({ d }) => d)).toEqual(["M0 1L1 2M5 6L6 7.13"]);
    expect(marksOf(all).map(({ transform }) => transform)).toEqual(["translate(3 4)"]);
  });

  it("of marks has no line", () => {
    const all = [{ kind: "marks", path: [at(1, 2), at(3, 4)], band: [] }] as const;
    expect(linesOf(all)).toEqual([]);
    expect(marksOf(all)).toHaveLength(2);
  });

  it("of many points is marked now and then, at other places than its neighbours", () => {
    const path = Array.from({ length: 601 }, (_, x) => at(x, 0));
    const all = [
      { kind: "line", path, band: [] },
      { kind: "dashed", path, band: [] },
    ] as const;
    const xs = marksOf(all).map(({ transform = "" }) => Number(/\((\d+) /.exec(transform)?.[1]));
    expect(xs).toEqual([0, 100, 200, 300, 400, 500, 600, 50, 150, 250, 350, 450, 550]);
  });
});

it("draws a band forth along its top and back along its bottom, beneath all lines", () => {
  const band = [
    { low: at(0, 9), high: at(0, 1) },
    { low: at(4, 8), high: at(4, 2) },
    { low: undefined, high: at(5, 2) },
    { low: at(6, 7), high: at(6, 3) },
  ];
  const paths = pathsOf([
    { kind: "line", path: [at(0, 5), at(4, 5)], band: [] },
    { kind: "line", path: [], band },
  ]);
  expect(paths.map(({ d }) => d).slice(0, 3)).toEqual([
    "M0 1L4 2L4 8L0 9Z",
    "M6 3L6 7Z",
    "M0 5L4 5",
  ]);
  expect(Number(paths[0]?.["fill-opacity"])).toBeLessThan(0.5);
  // A single x has no area.
  expect(paths[0]?.["stroke"]).toBeUndefined();
  expect(paths[1]?.["stroke"]).toBe(paths[1]?.["fill"]);
});

it("shows in the legend what the plot shows", () => {
  const all = [{ kind: "dashed" }, { kind: "marks" }, { kind: "line" }] as const;
  const [dashed, marks] = all.map((_, i) =>
    findAll(parseMarkup(swatch(seriesLook(all, i), 30, GROUND)), "path"),
  );
  expect(dashed?.map(({ attributes }) => attributes["stroke-dasharray"])).toEqual([
    seriesLook(all, 0).dash,
    undefined,
  ]);
  expect(marks).toHaveLength(1);
});
