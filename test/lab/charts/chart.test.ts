import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Chart, chartSvg, type Point, type Series } from "../../../src/lab/charts/chart.ts";
import { openRasterizer } from "../../../src/lab/charts/rasterizer.ts";
import { findAll, type MarkupElement, parseMarkup, textContent } from "../../support/markup.ts";
import { nodeHost } from "../../../src/host/node.ts";

const rasterize = await openRasterizer(nodeHost().files);

const BASE = { title: "Loss", xLabel: "step", yLabel: "nats" } as const;
const series = (points: readonly Point[], more: Partial<Series> = {}): Series => ({
  name: "flora",
  kind: "marks",
  points,
  ...more,
});
const draw = (chart: Partial<Chart>) =>
  parseMarkup(chartSvg({ ...BASE, series: [series([])], ...chart }));
const textsOf = (svg: MarkupElement) => findAll(svg, "text").map(textContent);

/** Where the marks of the plot are, without that of the legend. */
const marksOf = (svg: MarkupElement) =>
  findAll(svg, "path")
    .map(({ attributes }) => /^translate\((\S+) (\S+)\)$/.exec(attributes["transform"] ?? ""))
    .filter((found) => found !== null)
    .map(([, x, y]): Point => [Number(x), Number(y)])
    .filter(([, y]) => y !== 0);

/**
 * By hand: the frame begins at x = 64, ends at 720 - 20 = 700, and the data are inset by 8, so they
 * have 72 to 692. Above it are 20, a title of 24, a legend of 30, and 8: 82; the frame is 320 high,
 * so the data have 90 to 394.
 */
describe("a point", () => {
  it.each([
    {
      points: [
        [0, 0],
        [10, 4],
        [5, 2],
        [2.5, 1],
      ],
      places: [
        [72, 394],
        [692, 90],
        [382, 242],
        [227, 318],
      ],
    },
    // 10⁻² is half the way from 10⁻⁴ to 1.
    {
      points: [
        [1e-4, 1],
        [1e-2, 10],
        [1, 100],
      ],
      xScale: "log",
      yScale: "log",
      places: [
        [72, 394],
        [382, 242],
        [692, 90],
      ],
    },
    {
      points: [
        [0, -1],
        [0, 1],
        [4, 100],
        [8, 10],
      ],
      yScale: "log",
      places: [
        [72, 394],
        [382, 90],
        [692, 242],
      ],
    },
    {
      points: [
        [0, 0],
        [1, Number.NaN],
        [Infinity, 1],
        [10, 4],
      ],
      places: [
        [72, 394],
        [692, 90],
      ],
    },
    // One point, and a constant, are in the middle; the label 11.0 makes the left edge 67.
    { points: [[5, 12]], places: [[383.5, 242]] },
    {
      points: [
        [0, 3],
        [1, 3],
      ],
      places: [
        [72, 242],
        [692, 242],
      ],
    },
  ] as const)("of $points is at $places", ({ points, places, ...scales }) => {
    expect(marksOf(draw({ series: [series(points)], ...scales }))).toEqual(places);
  });

  it("is beside the tick of its value", () => {
    const svg = draw({
      series: [
        series([
          [0, 0],
          [10, 4],
          [5, 2],
        ]),
      ],
    });
    const label = (content: string) =>
      findAll(svg, "text").find((text) => textContent(text) === content)?.attributes;
    expect(label("4")).toMatchObject({ x: "320", "text-anchor": "middle" });
    expect(label("2.0")).toMatchObject({ y: "246.5", "text-anchor": "end" });
  });
});

describe("a band", () => {
  const bandOf = (chart: Partial<Chart>) =>
    findAll(draw(chart), "path").find(({ attributes }) => "fill-opacity" in attributes)?.attributes[
      "d"
    ];

  it("widens the axis and lies where its numbers say", () => {
    const band = [
      [0, 0, 2],
      [10, 2, 4],
    ] as const;
    expect(
      bandOf({
        series: [
          series(
            [
              [0, 1],
              [10, 3],
            ],
            { kind: "line", band },
          ),
        ],
      }),
    ).toBe("M72 242L692 90L692 242L72 394Z");
  });

  it("that reaches below zero ends at the bottom of a log axis", () => {
    const band = [
      [0, -5, 10],
      [10, 1, 100],
    ] as const;
    const chart = {
      yScale: "log",
      series: [
        series(
          [
            [0, 1],
            [10, 10],
          ],
          { band },
        ),
      ],
    } as const;
    expect(bandOf(chart)).toBe("M72 242L692 90L692 394L72 394Z");
  });
});

describe("the picture", () => {
  it("says what it is, and what is in it", () => {
    const svg = draw({ caption: "FLORA wins.", yScale: "log", series: [series([[1, 1]])] });
    expect(svg.name).toBe("svg");
    expect(svg.attributes).toMatchObject({ xmlns: "http://www.w3.org/2000/svg", role: "img" });
    expect(findAll(svg, "title").map(textContent)).toEqual(["Loss"]);
    expect(findAll(svg, "desc").map(textContent)).toEqual([
      "FLORA wins. nats against step. Logarithmic scale of y. flora",
    ]);
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(["Loss", "FLORA wins.", "flora", "step", "nats"]),
    );
  });

  it("escapes every text", () => {
    const evil = `</text><script>"&'\u0000`;
    const svg = draw({
      title: evil,
      xLabel: evil,
      yLabel: evil,
      caption: evil,
      series: [series([[1, 1]], { name: evil })],
    });
    expect(findAll(svg, "script")).toEqual([]);
    const shown = evil.replace("\u0000", "\uFFFD");
    expect(textsOf(svg).filter((text) => text === shown)).toHaveLength(5);
  });

  it("needs nothing from elsewhere, and has no identifiers that could clash in a page", () => {
    const text = chartSvg({ ...BASE, series: [series([[1, 1]], { kind: "dashed" })] });
    expect(text.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /\bid=|href|url\(|<style|<script|http/,
    );
  });

  it.each([{ series: [] }, { series: [series([])] }, { series: [series([[Number.NaN, 1]])] }])(
    "says so where there are no data: %j",
    (chart) => {
      expect(textsOf(draw(chart))).toContain("no data");
      expect(textsOf(draw({ series: [series([[1, 1]])] }))).not.toContain("no data");
    },
  );

  it("breaks long titles and wide legends into rows within the picture", () => {
    const long = "a very long name that says everything about the run".repeat(3);
    const names = Array.from({ length: 10 }, (_, i) => (i === 4 ? long : `run number ${i}`));
    const svg = draw({
      title: "Words and words ".repeat(12),
      series: names.map((name) =>
        series(
          [
            [1, 1],
            [2, 2],
          ],
          { name, kind: "line" },
        ),
      ),
    });
    const titles = textsOf(svg).filter((text) => text.startsWith("W") || text.startsWith("and"));
    expect(titles.length).toBeGreaterThan(1);
    expect(textsOf(svg).some((text) => text.startsWith("a very long") && text.endsWith("…"))).toBe(
      true,
    );
    const entries = findAll(svg, "g")
      .map(({ attributes, children }) => ({ at: attributes["transform"], children }))
      .filter(({ children }) =>
        children.some((child) => typeof child === "object" && names.includes(textContent(child))),
      );
    expect(new Set(entries.map(({ at }) => at)).size).toBeGreaterThan(1);
  });

  it("is well-formed and without odd numbers whatever the data, for a strict parser too", () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.double({ min: -1, max: 1 }));
    const scale = fc.constantFrom("linear", "log");
    const one = fc.record({
      name: fc.string({ unit: "binary", maxLength: 200 }),
      kind: fc.constantFrom("line", "dashed", "marks"),
      points: fc.array(fc.tuple(number, number), { maxLength: 20 }),
      band: fc.array(fc.tuple(number, number, number), { maxLength: 5 }),
    });
    const charts = fc.record({
      title: fc.string({ unit: "binary" }),
      xLabel: fc.string(),
      yLabel: fc.string(),
      caption: fc.string(),
      xScale: scale,
      yScale: scale,
      series: fc.array(one, { maxLength: 10 }),
    });
    fc.assert(
      fc.property(charts, (chart) => {
        const text = chartSvg(chart);
        const written = findAll(parseMarkup(text), "path").map(({ attributes }) => attributes);
        expect(JSON.stringify(written)).not.toMatch(/NaN|Infinity|undefined/);
        // resvg reads XML strictly.
        expect(rasterize(text, 0.1).length).toBeGreaterThan(0);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
