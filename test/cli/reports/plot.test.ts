import { expect, it } from "vitest";
import { type Curve, plotCurves, type Point, smooth } from "../../../src/cli/reports/plot.ts";

const line = (points: readonly Point[]): Curve => ({ name: "loss", kind: "line", points });
const marks = (points: readonly Point[]): Curve => ({ name: "held out", kind: "marks", points });
const OPTIONS = { width: 20, height: 3, color: false, xLabel: "step" } as const;

// y of the dot in column x is round(10 - 8 x / 27), counted from above.
it("draws a line in Braille dots between labelled axes", () => {
  const plot = plotCurves(
    [
      line([
        [1, 0],
        [5, 1],
      ]),
    ],
    OPTIONS,
  );
  expect(plot.join("\n")).toBe(
    `
1.00 ┤           ⣀⣀⠤
0.50 ┤    ⢀⣀⠤⠤⠒⠊⠉
0.00 ┤⠤⠒⠒⠉⠁
     └──────────────
      1       step 5
      ⠤⠤ loss`.slice(1),
  );
});

it("puts marks where the labels say", () => {
  const corners: readonly Point[] = [
    [0, 2],
    [10, 0],
  ];
  const plot = plotCurves([marks(corners)], OPTIONS);
  expect(plot.slice(0, 3)).toEqual(["2.00 ┤●", "1.00 ┤", `0.00 ┤${" ".repeat(13)}●`]);
});

it("keeps to the width and to the curve, whatever the numbers", () => {
  const points = Array.from({ length: 500 }, (_, i): Point => [i, 1e-4 * Math.exp(-i / 90)]);
  const plot = plotCurves([line(points), marks([[499, 1e-5]])], {
    ...OPTIONS,
    width: 64,
    height: 12,
  });
  expect(plot).toHaveLength(15);
  expect(Math.max(...plot.map((text) => text.length))).toBe(64);
  expect(plot.slice(0, 12).every((text) => /[┤│]$|[\u2801-\u28FF●]$/u.test(text))).toBe(true);
});

it("draws a flat curve in the middle", () => {
  const flat = plotCurves(
    [
      line([
        [0, 3],
        [9, 3],
      ]),
    ],
    { ...OPTIONS, height: 5 },
  );
  expect(flat.map((text) => /[\u2801-\u28FF]/u.test(text)).slice(0, 5)).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
});

it("draws nothing without two different points, and leaves out what is not finite", () => {
  expect(plotCurves([], OPTIONS)).toEqual([]);
  expect(plotCurves([line([[1, 1]])], OPTIONS)).toEqual([]);
  const whole: readonly Point[] = [
    [1, 0],
    [5, 1],
  ];
  expect(plotCurves([line([...whole, [6, Number.NaN]])], OPTIONS)).toEqual(
    plotCurves([line(whole)], OPTIONS),
  );
});

it("colours only when asked to", () => {
  const curves = [
    line([
      [0, 0],
      [1, 1],
    ]),
  ];
  const colored = plotCurves(curves, { ...OPTIONS, color: true }).join("\n");
  expect(colored).toContain("\u001B[36m");
  // oxlint-disable-next-line no-control-regex
  expect(colored.replaceAll(/\u001B\[\d+m/g, "")).toBe(plotCurves(curves, OPTIONS).join("\n"));
});

const straight = (name: string, y: number, kind: Curve["kind"]): Curve => ({
  name,
  kind,
  points: [
    [0, y],
    [10, y],
  ],
});

it("tells curves apart by letters and shapes, without colour", () => {
  const plot = plotCurves(
    [
      straight("first", 3, "line"),
      straight("second", 2, "dashed"),
      straight("third", 1, "marks"),
      straight("fourth", 0, "marks"),
    ],
    { ...OPTIONS, width: 60, height: 4 },
  );
  expect(plot[0]).toMatch(/┤A⠤+A⠤+A⠤+$/);
  expect(plot[1]).toMatch(/[│┤][⠤ ]*B[⠤ ]+B[⠤ ]+B[⠤ ]*$/);
  expect(plot[1]).toContain("⠤⠤  ⠤⠤");
  expect(plot[2]).toMatch(/●$/);
  expect(plot[3]).toMatch(/■$/);
  expect(plot.at(-1)?.trim()).toBe("A ⠤⠤ first   B ⠤ ⠤ second   ● third   ■ fourth");
});

it("gives each of six curves a colour of its own, in the legend too", () => {
  const curves = Array.from({ length: 6 }, (_, i) => straight(`c${i}`, i, "line"));
  const plot = plotCurves(curves, { ...OPTIONS, width: 90, height: 6, color: true });
  // oxlint-disable-next-line no-control-regex
  const colorsOf = (text = "") => [...text.matchAll(/\u001B\[(3[1-6])m/g)].map(([, code]) => code);
  const legend = colorsOf(plot.at(-1));
  expect(new Set(legend).size).toBe(6);
  const rows = plot.slice(0, 6).map((text) => [...new Set(colorsOf(text))]);
  expect(rows).toEqual(legend.toReversed().map((code) => [code]));
});

it("breaks a legend that is too wide, and cuts a name that is", () => {
  const names = ["a".repeat(60), "short", "another one"];
  const plot = plotCurves(
    names.map((name, i) => straight(name, i, "line")),
    { ...OPTIONS, width: 40 },
  );
  expect(plot.slice(5).map((text) => text.trim())).toEqual([
    `A ⠤⠤ ${"a".repeat(28)}…`,
    "B ⠤⠤ short   C ⠤⠤ another one",
  ]);
});

it("puts points on log axes by their logarithms, and leaves out what has none", () => {
  const points: readonly Point[] = [
    [1, 1],
    [10, 100],
    [100, 10_000],
    [1000, 0],
  ];
  const log = { xScale: "log", yScale: "log" } as const;
  const plot = plotCurves([marks(points)], { ...OPTIONS, ...log, width: 30 });
  expect(plot.slice(0, 3).map((text) => text.indexOf("●"))).toEqual([29, 19, 8]);
  expect(plot.slice(0, 3).map((text) => text.slice(0, 8).trim())).toEqual([
    "10,000 ┤",
    "100 ┤",
    "1 ┤",
  ]);
  expect(plot[4]?.trim()).toMatch(/^1 +step 100$/);
});

it("interrupts a line at a gap", () => {
  const [row = ""] = plotCurves(
    [
      line([
        [0, 1],
        [2, 1],
        [5, Number.NaN],
        [8, 1],
        [10, 1],
      ]),
    ],
    { ...OPTIONS, height: 3, width: 46 },
  ).slice(1, 2);
  expect(row).toMatch(/[⠁-⣿] {10,}[⠁-⣿]/);
});

// Weights 0.5, 1/3 : 2/3, 1/7 : 2/7 : 4/7, by hand.
it("smooths by an exponential mean without a bias towards 0", () => {
  const smoothed = smooth(
    [
      [1, 6],
      [2, 3],
      [3, Number.NaN],
      [4, 10],
    ],
    0.5,
  );
  expect(smoothed.map(([x]) => x)).toEqual([1, 2, 4]);
  const expected = [6, (6 + 2 * 3) / 3, (6 + 2 * 3 + 4 * 10) / 7];
  for (const [i, value] of expected.entries()) expect(smoothed[i]?.[1]).toBeCloseTo(value, 12);
});
