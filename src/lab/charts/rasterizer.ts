/**
 * @file resvg, initialised with its font. The initialisation belongs to the evaluation of this
 * module, because both happen once in a process; import it where it is needed, not before.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { UsageError } from "../../errors.ts";

const { resolve } = createRequire(import.meta.url);
const fonts = await Promise.all(
  ["400Regular/Arimo_400Regular.ttf", "700Bold/Arimo_700Bold.ttf"].map((file) =>
    readFile(resolve(`@expo-google-fonts/arimo/${file}`)),
  ),
);
await initWasm(await readFile(resolve("@resvg/resvg-wasm/index_bg.wasm")));

/**
 * @param zoom - pixels for a unit of the picture
 * @returns PNG
 * @throws {UsageError} if the text is no SVG
 */
export function rasterize(svg: string, zoom: number): Uint8Array {
  const resvg = parse(svg, zoom);
  try {
    const image = resvg.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    resvg.free();
  }
}

function parse(svg: string, zoom: number) {
  try {
    return new Resvg(svg, {
      fitTo: { mode: "zoom", value: zoom },
      font: { fontBuffers: fonts, defaultFontFamily: "Arimo", sansSerifFamily: "Arimo" },
    });
  } catch (error) {
    throw new UsageError(`picture: the text is no SVG; got ${String(error)}`, { cause: error });
  }
}
