/** Files of all kinds of pixels against Pillow. */

import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { bytesOf, fileOf, golden } from "./golden.ts";
import { decodeImage } from "../support/on-node.ts";

describe("decodeImage", () => {
  it.each(golden.converted)("reads a PNG file, $name", async ({ png, rgb, brightness }) => {
    const path = await fileOf("a.png", png);
    const colours = await decodeImage(path, 3);
    expect(colours).toMatchObject({ height: 5, width: 7, channels: 3 });
    expect(colours.data.join()).toBe(bytesOf(rgb).join());
    const grey = await decodeImage(path, 1);
    expect(grey.data.join()).toBe(bytesOf(brightness).join());
  });

  it("turns a photograph as its camera was held", async () => {
    const path = await fileOf("a.jpg", "");
    const pixels = Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (i % 48 < 24 ? 255 : 0));
    const raw = { width: 16, height: 8, channels: 3 } as const;
    await sharp(pixels, { raw }).withMetadata({ orientation: 6 }).jpeg().toFile(path);
    const { data, height, width } = await decodeImage(path, 1);
    expect([height, width]).toEqual([16, 8]);
    expect([data[0], data.at(-1)]).toEqual([255, 0]);
  });

  it("reads the four inks of a print as colours", async () => {
    const path = await fileOf("a.jpg", "");
    const red = { r: 255, g: 0, b: 0 };
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background: red } });
    await image.toColourspace("cmyk").jpeg().toFile(path);
    const { data } = await decodeImage(path, 3);
    expect(data).toHaveLength(8 * 8 * 3);
    const [r = 0, g = 0, b = 0] = data;
    expect(r).toBeGreaterThan(g + 100);
    expect(r).toBeGreaterThan(b + 100);
  });

  it("refuses what is no image, and what is not there", async () => {
    const path = await fileOf("a.png", "");
    await writeFile(path, "not a picture");
    await expect(decodeImage(path, 3)).rejects.toThrow(FormatError);
    await expect(decodeImage(path, 3)).rejects.toThrow("not an image that sharp can read");
    await expect(decodeImage(`${path}.no`, 3)).rejects.toThrow(UsageError);
  });
});
