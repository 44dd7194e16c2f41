import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { chartSvg } from "../../../src/lab/charts/chart.ts";
import { decodePng, type Pixels } from "../../support/png.ts";
import { svgToPng } from "../../support/on-node.ts";

const chart = (title: string) =>
  chartSvg({
    title,
    xLabel: "step",
    yLabel: "loss",
    series: [
      {
        name: "a",
        kind: "line",
        points: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
  });

/** Dark pixels of a rectangle, in the units of the picture. */
function inkIn(
  { luminance }: Pixels,
  { left, top, right, bottom }: Record<"left" | "top" | "right" | "bottom", number>,
): number {
  let count = 0;
  for (let y = top * 2; y < bottom * 2; y++) {
    for (let x = left * 2; x < right * 2; x++) if (luminance(x, y) < 100) count++;
  }
  return count;
}

describe("a PNG", () => {
  it("has the signature and twice the size of the picture", async () => {
    const svg = chart("Title");
    const png = await svgToPng(svg);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const { width, height } = decodePng(png);
    const [, w, h] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    expect([width, height]).toEqual([Number(w) * 2, Number(h) * 2]);
  });

  it("shows text on white: the title where it belongs, and nothing beside it", async () => {
    const pixels = decodePng(await svgToPng(chart("HHHHHHHH")));
    const title = { left: 20, top: 22, right: 130, bottom: 42 };
    expect(inkIn(pixels, title)).toBeGreaterThan(1000);
    expect(inkIn(pixels, { ...title, left: 0, right: 19 })).toBe(0);
    expect(inkIn(pixels, { ...title, left: 200, right: 700 })).toBe(0);
    expect(pixels.luminance(2, 2)).toBe(255);
  });

  it("has the bold of the title", async () => {
    const bold = decodePng(await svgToPng(chart("HHHHHHHH")));
    const regular = decodePng(await svgToPng(chart("HHHHHHHH").replace(' font-weight="bold"', "")));
    const title = { left: 20, top: 22, right: 150, bottom: 42 };
    expect(inkIn(bold, title)).toBeGreaterThan(inkIn(regular, title) * 1.2);
  });

  it("is the same again, and of what is not SVG there is none", async () => {
    expect(await svgToPng(chart("a"))).toEqual(await svgToPng(chart("a")));
    await expect(svgToPng("<svg>")).rejects.toThrow(UsageError);
    await expect(svgToPng("no picture")).rejects.toThrow(/picture: the text is no SVG; got/);
  });
});
