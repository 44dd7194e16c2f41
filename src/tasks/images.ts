/**
 * @file Data for classifiers of images: folders of classes. All images are decoded at the start, and stay in memory as bytes; ranks
 * have a share each.
 */

import {
  type ClassifiedImage,
  dealt,
  imageBatch,
  imageBatches,
  imagesOf,
  isHere,
  type Shared,
  stretches,
} from "../data/index.ts";
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
import { imageForm } from "./reading/sequence-forms.ts";
import { type SharedRows, sharedRows } from "./reading/shared-rows.ts";
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
  const rows = sharedRows(dataset.ranks, imageForm);
  const read = (images: readonly LabelledImage[]) =>
    readShare(dealt(dataset.ranks, images), labels, { dataset, processor, rows });
  const training = await read(split.training);
  const heldOut = rows.complete(await read(spread(split.validation, mostEvaluated(config))));
  const order = dataset.order(split.training.map(dataset.partOf), key);
  const options = { batchSize, processor, tokensPerImage: model.contextLength };
  const bytesOf = (images: readonly ClassifiedImage[]) =>
    images.reduce((sum, { pixels }) => sum + pixels.length, 0);
  const size = processor.width * processor.height * processor.channels;
  const all = size * (training.length + heldOut.length);
  return {
    training: imageBatches(training, {
      ...options,
      key,
      order,
      augmentation: augment,
      take: rows.inSteps(config.microSteps),
    }),
    evaluation: () => stretches(heldOut, batchSize).map((images) => imageBatch(images, options)),
    pairs: [],
    shapes: [model.inputTypes(batchSize, 0)],
    bytes: bytesOf(training) + bytesOf(heldOut),
    description:
      `${count(training.length)} images of ${count(labels.length)} classes` +
      `, ${count(heldOut.length)} held out; ${processor.width} x ${processor.height} pixels` +
      `, ${(all / 1e6).toFixed(1)} MB in all`,
  };
}

interface ShareRequest {
  readonly dataset: DataRequest["dataset"];
  readonly processor: ImageProcessor;
  readonly rows: SharedRows<ClassifiedImage>;
}

/** All images, those with their pixels that this rank has. */
async function readShare(
  images: readonly Shared<LabelledImage>[],
  labels: readonly string[],
  { dataset: { files }, processor, rows }: ShareRequest,
): Promise<readonly ClassifiedImage[]> {
  const ids = new Map(labels.map((label, id) => [label, id]));
  const paths = images.filter((each) => isHere(each)).map(({ path }) => path);
  const pixels = await readImages(files, paths, processor).catch((error: unknown) => ({ error }));
  const { sequences } = rows.encode(images, (own) => {
    if (!(pixels instanceof Uint8Array)) throw pixels.error;
    const classes = own.map(({ label }) => {
      const id = ids.get(label);
      if (id === undefined) throw new Error(`internal: no class ${label}`);
      return id;
    });
    return { sequences: imagesOf(pixels, classes), dropped: 0, truncated: 0, empty: 0 };
  });
  return sequences;
}
