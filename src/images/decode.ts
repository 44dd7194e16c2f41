/** @file PNG, JPEG and other files to pixels, by sharp, which is loaded when the first image is. */

import { FormatError, UsageError } from "../errors.ts";
import { readBytes } from "../host/content.ts";
import { errorCode, fileError } from "../host/file-error.ts";
import type { FileStore } from "../host/host.ts";
import type { Bitmap } from "./bitmap.ts";

/**
 * The pixels of an image file in sRGB, upright as its camera says; transparency is left out.
 *
 * @param channels - 3 for red, green and blue, or 1 for their brightness
 * @throws {UsageError} if the file cannot be read, or sharp is not installed.
 * @throws {FormatError} if it is no image.
 */
export async function decodeImage(
  files: FileStore,
  path: string,
  channels: 1 | 3,
): Promise<Bitmap> {
  const sharp = await loadSharp();
  const bytes = await readBytes(files, path).catch((error: unknown) => {
    throw fileError(path, "reading an image", error);
  });
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new FormatError(path, "not an image that sharp can read", { cause });
    });
  const { height, width } = info;
  return { data: withChannels(data, info.channels, channels), height, width, channels };
}

/** The brightness of a pixel as Pillow computes it, in units of 2⁻¹⁶: ITU-R BT.601. */
const [RED, GREEN, BLUE] = [19595, 38470, 7471];

function withChannels(data: Uint8Array, from: number, to: 1 | 3): Uint8Array {
  if (from === to) return data;
  const pixels = data.length / from;
  if (from === 1) {
    return Uint8Array.from({ length: 3 * pixels }, (_, i) => data[Math.floor(i / 3)] ?? 0);
  }
  return Uint8Array.from({ length: pixels }, (_, i) => {
    const [r = 0, g = 0, b = 0] = data.subarray(i * from, i * from + 3);
    return (r * RED + g * GREEN + b * BLUE + 0x8000) >> 16;
  });
}

async function loadSharp() {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    if (errorCode(cause) !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new UsageError("images: the package sharp, which reads them, is not installed", {
      cause,
      hint: "npm install sharp",
    });
  }
}
