/** @file An image as bytes. */

/** Channels lie beside each other: [height, width, channels], row by row. */
export interface Bitmap {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

export const sameSize = (a: ImageSize, b: ImageSize): boolean =>
  a.height === b.height && a.width === b.width;
