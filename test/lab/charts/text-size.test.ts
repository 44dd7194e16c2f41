import { expect, it } from "vitest";
import { openRasterizer } from "../../../src/lab/charts/rasterizer.ts";
import { cutText, textWidth, wrapText } from "../../../src/lab/charts/text-size.ts";
import { decodePng } from "../../support/png.ts";
import { nodeHost } from "../../../src/host/node.ts";

const rasterize = await openRasterizer(nodeHost().files);

/** How far to the right the text reaches when resvg sets it in Arimo. */
function inkWidth(text: string, size: number): number {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="60"><rect width="600" height="60" fill="#fff"/>` +
    `<text x="0" y="40" font-family="Arimo" font-size="${size}">${text}</text></svg>`;
  const { width, height, luminance } = decodePng(rasterize(svg, 1));
  const rows = Array.from({ length: height }, (_, y) => y);
  for (let x = width - 1; x >= 0; x--) if (rows.some((y) => luminance(x, y) < 128)) return x + 1;
  return 0;
}

it.each([
  "learning rate",
  "FLORA, rank 32 of 192",
  "3×10⁻⁵",
  "1,000,000.0045",
  "−0.25",
  "loss (nats per token)",
  "Illinois fjord till it fills",
  "MAXIMUM WIDTH OF MW",
  "‖G − Ĝ‖ / ‖G‖, σ → 0, √κ",
  "Größe der Übergänge",
])("is estimated a little too wide, never too narrow: %s", (text) => {
  const width = inkWidth(text, 20);
  expect(width).toBeGreaterThan(0);
  expect(textWidth(text, 20)).toBeGreaterThanOrEqual(width - 1);
  expect(textWidth(text, 20)).toBeLessThan(width * 1.25 + 4);
});

it("wraps between words, and cuts what is wider than a line", () => {
  const lines = wrapText("  one two three four incomprehensibilities five ", 10, 60);
  expect(lines.toSpliced(2, 1)).toEqual(["one two", "three four", "five"]);
  expect(lines[2]).toMatch(/^incompr.*…$/);
  expect(lines.every((line) => textWidth(line, 10) <= 60)).toBe(true);
  expect(wrapText("", 10, 60)).toEqual([]);
});

it("cuts between characters, not within them", () => {
  const cut = cutText("🌱🌱🌱🌱", 10, 32);
  expect(cut).toBe("🌱🌱…");
  expect(cutText("short", 10, 60)).toBe("short");
});
