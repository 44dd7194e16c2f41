/** Resizing against Pillow: the same bytes. */

import { describe, expect, it } from "vitest";
import { resize } from "../../src/images/index.ts";
import { bytesOf, golden } from "./golden.ts";

const cases = golden.resized.flatMap(({ source, to, results }) =>
  (["lanczos", "bilinear", "bicubic"] as const).map((filter) => ({
    name: `${source.width} x ${source.height} to ${to.width} x ${to.height}, ${filter}`,
    image: { ...source, data: bytesOf(source.data), channels: 3 },
    to,
    filter,
    expected: results[filter] ?? "",
  })),
);

describe("resize", () => {
  it.each(cases)("$name", ({ image, to, filter, expected }) => {
    const resized = resize(image, to, filter);
    expect(resized).toMatchObject({ ...to, channels: 3 });
    expect(resized.data).toEqual(bytesOf(expected));
  });

  it("leaves an image of that size alone", () => {
    const image = { data: new Uint8Array(12), height: 2, width: 2, channels: 3 };
    expect(resize(image, { height: 2, width: 2 }, "lanczos")).toBe(image);
  });
});
