/** @file resvg with its font. */

import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { UsageError } from "../../errors.ts";
import { readBytes } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { pathOfUrl } from "../../host/path.ts";

const FONTS = [
  "@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf",
  "@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf",
];

/** What happens once in a process, since WebAssembly is initialised once: its outcome, the fonts. */
const started: { fonts?: Promise<readonly Uint8Array[]> } = {};

/**
 * Makes PNGs.
 *
 * @param zoom - pixels for a unit of the picture
 * @throws {UsageError} if the text is no SVG
 */
export type Rasterize = (svg: string, zoom: number) => Uint8Array;

/** @param files - those of this program, where resvg and the fonts are installed */
export async function openRasterizer(files: FileStore): Promise<Rasterize> {
  const fonts = await (started.fonts ??= start(files));
  return (svg, zoom) => rasterize(fonts, svg, zoom);
}

function rasterize(fonts: readonly Uint8Array[], svg: string, zoom: number): Uint8Array {
  const resvg = parse(svg, zoom, fonts);
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

async function start(files: FileStore): Promise<readonly Uint8Array[]> {
  const read = (name: string) => readBytes(files, pathOfUrl(import.meta.resolve(name)));
  await initWasm(await read("@resvg/resvg-wasm/index_bg.wasm"));
  return Promise.all(FONTS.map(read));
}

function parse(svg: string, zoom: number, fonts: readonly Uint8Array[]) {
  try {
    return new Resvg(svg, {
      fitTo: { mode: "zoom", value: zoom },
      font: { fontBuffers: [...fonts], defaultFontFamily: "Arimo", sansSerifFamily: "Arimo" },
    });
  } catch (error) {
    throw new UsageError(`picture: the text is no SVG; got ${String(error)}`, { cause: error });
  }
}
