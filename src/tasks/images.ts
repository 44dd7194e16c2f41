/** @file Data for classifiers of images: folders of classes. All images are decoded at the start, and stay in memory as bytes. */

import { imageBatch, imageBatches, type ImageSet, imagesAt, stretches } from "../data/index.ts";
import type { FileStore } from "../host/host.ts";
import {
  imageProcessor,
  type ImageProcessor,
  type LabelledImage,
  loadImageProcessor,
  readImages,
} from "../images/index.ts";
import { imageInputOf, type Model } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";
import { spread } from "./reading/dataset.ts";
import { count } from "./reading/fitted-split.ts";
import { type DataRequest, mostEvaluated, type TrainData } from "./task-data.ts";

export interface ImageRequest extends Omit<DataRequest, "tokenizer"> {
  readonly processor: ImageProcessor;
}

/**
 * The processor of the model's directory; for a model from scratch that of transformers by default.
 *
 * @throws {UsageError} if there is none, or it is for other images.
 */
export async function imageProcessorOf(
  files: FileStore,
  config: Pick<TrainConfig, "model">,
  model: Model,
): Promise<ImageProcessor> {
  const input = imageInputOf(model);
  return typeof config.model === "string"
    ? loadImageProcessor(files, config.model, input)
    : imageProcessor({}, input);
}

export async function loadImages(request: ImageRequest): Promise<TrainData> {
  const { config, dataset, model, processor, key } = request;
  const { batchSize, augment } = config;
  const split = await dataset.images();
  const labels = model.labels ?? [];
  const training = await readSet(dataset.files, split.training, labels, processor);
  const held = spread(split.validation, mostEvaluated(config));
  const heldOut = await readSet(dataset.files, held, labels, processor);
  const order = dataset.order(split.training.map(dataset.partOf), key);
  const options = { batchSize, processor, tokensPerImage: model.contextLength };
  const bytes = training.pixels.length + heldOut.pixels.length;
  return {
    training: imageBatches(training, { ...options, key, order, augmentation: augment }),
    evaluation: () =>
      stretches(imagesAt(heldOut), batchSize).map((places) => imageBatch(heldOut, places, options)),
    pairs: [],
    shapes: [model.inputTypes(batchSize, 0)],
    bytes,
    description:
      `${count(training.labels.length)} images of ${count(labels.length)} classes` +
      `, ${count(heldOut.labels.length)} held out; ${processor.width} x ${processor.height} pixels` +
      `, ${(bytes / 1e6).toFixed(1)} MB in all`,
  };
}

async function readSet(
  files: FileStore,
  images: readonly LabelledImage[],
  labels: readonly string[],
  processor: ImageProcessor,
): Promise<ImageSet> {
  const ids = new Map(labels.map((label, id) => [label, id]));
  return {
    pixels: await readImages(
      files,
      images.map(({ path }) => path),
      processor,
    ),
    labels: Int32Array.from(images, ({ label }) => {
      const id = ids.get(label);
      if (id === undefined) throw new Error(`internal: no class ${label}`);
      return id;
    }),
  };
}
