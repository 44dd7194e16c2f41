/** Handwritten digits of MNIST as images in folders of classes: those of the package `mnist`. */

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import sharp from "sharp";

const SIDE = 28;
const { resolve } = createRequire(import.meta.url);

export interface DigitFolder {
  readonly folder: string;
  /** The digits `from` to `from + count - 1` of every class. */
  readonly from: number;
  readonly count: number;
}

export async function writeDigits(folders: readonly DigitFolder[]): Promise<void> {
  for (let digit = 0; digit < 10; digit += 1) {
    // From 0 to 1.
    const { data }: { readonly data: readonly number[] } = JSON.parse(
      readFileSync(resolve(`mnist/src/digits/${digit}.json`), "utf8"),
    );
    const image = async (i: number, path: string) => {
      const pixels = data.slice(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
      const bytes = Uint8Array.from(pixels, (x) => Math.round(255 * x));
      const raw = { width: SIDE, height: SIDE, channels: 1 } as const;
      await sharp(bytes, { raw }).png({ compressionLevel: 1 }).toFile(path);
    };
    for (const { folder, from, count } of folders) {
      const label = join(folder, String(digit));
      mkdirSync(label, { recursive: true });
      const numbers = Array.from({ length: count }, (_, i) => from + i);
      await Promise.all(numbers.map((i) => image(i, join(label, `${i}.png`))));
    }
  }
}
