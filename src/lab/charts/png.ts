/** @file SVG to PNG. The renderer (2.5 MB of WebAssembly) is loaded when the first picture asks for it. */

import type { FileStore } from "../../host/host.ts";

/**
 * The picture at twice its size. Text is set in Arimo, and in its bold.
 *
 * @param files - those of this program, where the renderer is installed
 * @throws {UsageError} if the text is no SVG
 */
export async function svgToPng(files: FileStore, svg: string): Promise<Uint8Array> {
  const { openRasterizer } = await import("./rasterizer.ts");
  const rasterize = await openRasterizer(files);
  return rasterize(svg, 2);
}
