/** @file Images: from files to the numbers that models read. */

export type { Bitmap, ImageSize } from "./bitmap.ts";
export { decodeImage } from "./decode.ts";
export { imagesIn, type LabelledImage, readImageFolder } from "./folder.ts";
export {
  imageProcessor,
  type ImageInput,
  type ImageProcessor,
  loadImageProcessor,
} from "./processor.ts";
export { readImages } from "./read.ts";
export { type FilterName, resize } from "./resize.ts";
