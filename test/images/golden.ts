/** What Pillow and transformers make of images. */

import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageSize } from "../../src/images/index.ts";

/** Bytes are in base64. */
interface Golden {
  readonly resized: readonly {
    readonly source: ImageSize & { readonly data: string };
    readonly to: ImageSize;
    readonly results: Readonly<Record<string, string>>;
  }[];
  readonly processed: readonly {
    readonly config: Readonly<Record<string, unknown>>;
    readonly channels: number;
    readonly png: string;
    readonly values: string;
  }[];
  readonly converted: readonly {
    readonly name: string;
    readonly png: string;
    readonly rgb: string;
    readonly brightness: string;
  }[];
}

export const golden: Golden = JSON.parse(await readFile("test/golden/images.json", "utf8"));

export const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(Buffer.from(base64, "base64"));

/** A file in a temporary directory. */
export async function fileOf(name: string, base64: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "flora-images-")), name);
  await writeFile(path, bytesOf(base64));
  return path;
}
