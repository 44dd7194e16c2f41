/** PNG to pixels, after the specification (W3C, third edition): 8-bit RGBA without interlacing. */

import { inflateSync } from "node:zlib";

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Of the pixel: 0 is black, 255 is white. */
  readonly luminance: (x: number, y: number) => number;
}

export function decodePng(bytes: Uint8Array): Pixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; at += view.getUint32(at) + 12) {
    const type = String.fromCodePoint(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (view.getUint16(24) !== 0x0806) throw new Error("not 8-bit RGBA");
  const rows = inflateSync(Buffer.concat(parts));
  const stride = width * 4;
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] ?? 0;
    for (let i = 0; i < stride; i++) {
      const a = i < 4 ? 0 : (data[y * stride + i - 4] ?? 0);
      const b = y === 0 ? 0 : (data[(y - 1) * stride + i] ?? 0);
      const c = i < 4 || y === 0 ? 0 : (data[(y - 1) * stride + i - 4] ?? 0);
      const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter] ?? 0;
      data[y * stride + i] = (rows[y * (stride + 1) + 1 + i] ?? 0) + predicted;
    }
  }
  return {
    width,
    height,
    luminance: (x, y) => {
      const [r = 0, g = 0, b = 0] = data.subarray(y * stride + x * 4);
      return (r + g + b) / 3;
    },
  };
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
