/**
 * @file Images with classes as Hugging Face's datasets lay them out: a folder whose folders are the classes, images/train/cat/1.png.
 *
 * https://huggingface.co/docs/datasets/image_dataset#imagefolder
 */

import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { fileError } from "../weights/file-error.ts";

/** An image file and its class. */
export interface LabelledImage {
  readonly path: string;
  /** The name of the folder that it is in. */
  readonly label: string;
}

const EXTENSIONS: ReadonlySet<string> = new Set([
  ".avif",
  ".gif",
  ".jpeg",
  ".jpg",
  ".png",
  ".tif",
  ".tiff",
  ".webp",
]);

/**
 * The images in the folders of a folder, by label and then by name; what is no image is left out.
 *
 * @throws {UsageError} if there are none, or the folder cannot be read.
 */
export async function readImageFolder(folder: string): Promise<readonly LabelledImage[]> {
  const entries = await read(folder);
  const labels = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const images = await Promise.all(
    labels
      .filter((name) => !name.startsWith("."))
      .toSorted()
      .map(async (label) => {
        const paths = await imagesIn(join(folder, label));
        return paths.map((path) => ({ path, label }));
      }),
  );
  if (images.flat().length > 0) return images.flat();
  throw new UsageError(`data: there are no images in folders of ${folder}`, {
    hint: "put the images of each class into a folder of its name: images/train/cat/1.png",
  });
}

/** The images in a folder, by name. @throws {UsageError} if it cannot be read. */
export async function imagesIn(folder: string): Promise<readonly string[]> {
  const files = await read(folder);
  return files
    .filter((file) => file.isFile() && EXTENSIONS.has(extname(file.name).toLowerCase()))
    .map(({ name }) => join(folder, name))
    .toSorted();
}

const read = async (folder: string) =>
  readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(folder, "reading images", error);
  });
