/** @file Many images at once. */

import type { FileStore } from "../host/host.ts";
import { decodeImage } from "./decode.ts";
import type { ImageProcessor } from "./processor.ts";

/** Files that are decoded at a time. */
const AT_ONCE = 16;

/**
 * The pixels of images in the size that a model reads, [N, height, width, channels].
 *
 * @throws {UsageError | FormatError} naming the file, if one cannot be read or has a size that it must not have.
 */
export async function readImages(
  files: FileStore,
  paths: readonly string[],
  processor: ImageProcessor,
): Promise<Uint8Array> {
  const { height, width, channels } = processor;
  const size = height * width * channels;
  const pixels = new Uint8Array(paths.length * size);
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    const part = paths.slice(start, start + AT_ONCE);
    const images = await Promise.all(part.map((path) => decodeImage(files, path, channels)));
    for (const [i, image] of images.entries()) {
      pixels.set(processor.fit(image).data, (start + i) * size);
    }
  }
  return pixels;
}
