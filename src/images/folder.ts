/**
 * @file Images with classes as Hugging Face's datasets lay them out: a folder whose folders are the classes, images/train/cat/1.png.
 *
 * https://huggingface.co/docs/datasets/image_dataset#imagefolder
 */

import { UsageError } from "../errors.ts";
import { fileError } from "../host/file-error.ts";
import type { FileEntry, FileStore } from "../host/host.ts";
import { extension, join } from "../host/path.ts";

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
export async function readImageFolder(
  files: FileStore,
  folder: string,
): Promise<readonly LabelledImage[]> {
  const entries = await list(files, folder);
  const labels = entries.filter((entry) => entry.kind === "directory").map(({ name }) => name);
  const images = await Promise.all(
    labels
      .filter((name) => !name.startsWith("."))
      .toSorted()
      .map(async (label) => {
        const paths = await imagesIn(files, join(folder, label));
        return paths.map((path) => ({ path, label }));
      }),
  );
  if (images.flat().length > 0) return images.flat();
  throw new UsageError(`data: there are no images in folders of ${folder}`, {
    hint: "put the images of each class into a folder of its name: images/train/cat/1.png",
  });
}

/** The images in a folder, by name. @throws {UsageError} if it cannot be read. */
export async function imagesIn(files: FileStore, folder: string): Promise<readonly string[]> {
  const entries = await list(files, folder);
  return entries
    .filter(({ kind, name }) => kind === "file" && EXTENSIONS.has(extension(name).toLowerCase()))
    .map(({ name }) => join(folder, name))
    .toSorted();
}

const list = (files: FileStore, folder: string): Promise<readonly FileEntry[]> =>
  files.list(folder).catch((error: unknown) => {
    throw fileError(folder, "reading images", error);
  });
