/** @file The classes of images. */

import { imageBatch, imagesOf, stretches } from "../data/index.ts";
import type { LoadedImageModel } from "../generate/load-model.ts";
import type { FileStore } from "../host/host.ts";
import { readImages } from "../images/index.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { classification, type Classification, classProbabilities } from "./classify.ts";
import { BATCH_SIZE, withRunner } from "./runner.ts";
import { checkTask } from "./texts.ts";

/**
 * The classes of the images in files, in their order.
 *
 * @throws {UsageError} if the model is no classifier of images, or a file cannot be read.
 * @throws {FormatError} if a file is no image.
 */
export async function classifyImages(
  files: FileStore,
  loaded: LoadedImageModel,
  runtime: Runtime,
  paths: readonly string[],
  { batchSize = BATCH_SIZE }: { readonly batchSize?: number } = {},
): Promise<readonly Classification[]> {
  checkTask(loaded, "image-classification", "classify");
  const { model, weights, processor } = loaded;
  const options = { batchSize, processor, tokensPerImage: model.contextLength };
  const parts = { model, weights, runtime, finish: classProbabilities(model) };
  return withRunner(parts, async ({ run }) => {
    const found: Classification[] = [];
    for (const part of stretches(paths, batchSize)) {
      const pixels = await readImages(files, part, processor);
      const images = imagesOf(
        pixels,
        part.map(() => 0),
      );
      const rows = await run(imageBatch(images, options).inputs);
      found.push(...rows.slice(0, part.length).map((row) => classification(model, row)));
    }
    return found;
  });
}
