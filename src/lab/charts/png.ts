/** @file SVG to PNG. The renderer (2.5 MB of WebAssembly) is loaded when the first picture asks for it. */

/**
 * The picture at twice its size. Text is set in Arimo, and in its bold.
 *
 * @throws {UsageError} if the text is no SVG
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { rasterize } = await import("./rasterizer.ts");
  return rasterize(svg, 2);
}
