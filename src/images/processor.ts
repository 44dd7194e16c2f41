/**
 * @file From pixels to what a model reads, as preprocessor_config.json says: transformers' ViTImageProcessor.
 *
 *   x = (f byte - mean) / std          of each channel, in float32
 */

import { z } from "zod";
import { UsageError } from "../errors.ts";
import { readJsonObject } from "../files/read-json.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { type Bitmap, type ImageSize, sameSize } from "./bitmap.ts";
import { type FilterName, resize } from "./resize.ts";

export interface ImageProcessor extends ImageSize {
  readonly channels: 1 | 3;
  /** An image in the size that the model reads. @throws {UsageError} if it has another and must not be resized. */
  fit(image: Bitmap): Bitmap;
  /** The float32 of every byte in every channel, [channels, 256]. */
  readonly values: Float32Array;
  /** The files to save beside a model, content by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** What a model reads. */
export interface ImageInput extends ImageSize {
  readonly channels: number;
}

const FILE = "preprocessor_config.json";

/** The filters by Pillow's numbers. */
const FILTERS: ReadonlyMap<number, FilterName> = new Map([
  [1, "lanczos"],
  [2, "bilinear"],
  [3, "bicubic"],
]);

const numbers = z.union([z.number(), z.array(z.number())]);

/** The fields that matter here, with ViTImageProcessor's defaults; others are kept and saved again. */
const schema = z.looseObject({
  do_resize: z.boolean().default(true),
  size: z.union([z.int(), z.looseObject({ height: z.int(), width: z.int() })]).optional(),
  resample: z
    .int()
    .refine((number) => FILTERS.has(number), "must be 1, 2 or 3: Lanczos, bilinear or bicubic")
    .default(2),
  do_center_crop: z.literal(false).nullish(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: numbers.default(0.5),
  image_std: numbers.default(0.5),
});

type Fields = z.infer<typeof schema>;

/**
 * What transformers' ViTImageProcessor does with these settings.
 *
 * @param fields - the contents of preprocessor_config.json; absent ones are its defaults, and the size is the model's
 * @throws {UsageError} if a setting is not supported, or is for another model.
 */
export function imageProcessor(
  fields: Readonly<Record<string, unknown>>,
  { channels: wanted, height, width }: ImageInput,
): ImageProcessor {
  const channels = checkChannels(wanted);
  const parsed = schema.safeParse(fields);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`${FILE}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { size = { height, width }, resample, ...settings } = parsed.data;
  const own = typeof size === "number" ? { height: size, width: size } : size;
  const filter = FILTERS.get(resample) ?? "bilinear";
  if (settings.do_resize && !sameSize(own, { height, width })) {
    throw new UsageError(
      `${FILE}: size must be the model's, ${width} x ${height}; got ${own.width} x ${own.height}`,
    );
  }
  const [mean, deviation] = [
    perChannel("image_mean", settings.image_mean, channels),
    perChannel("image_std", settings.image_std, channels),
  ];
  const saved = {
    image_processor_type: "ViTImageProcessor",
    ...settings,
    size: { height, width },
    resample,
    image_mean: mean,
    image_std: deviation,
  };
  return {
    channels,
    height,
    width,
    values: valuesOf(settings, mean, deviation),
    files: new Map([[FILE, `${JSON.stringify(saved, null, 2)}\n`]]),
    fit(image) {
      if (settings.do_resize) return resize(image, { height, width }, filter);
      if (sameSize(image, { height, width })) return image;
      throw new UsageError(
        `${FILE}: do_resize is false, and images must be ${width} x ${height}` +
          `; got one of ${image.width} x ${image.height}`,
      );
    },
  };
}

/**
 * The processor in the directory of a model.
 *
 * @throws {UsageError} if there is none, or as `imageProcessor` does.
 */
export async function loadImageProcessor(
  files: FileStore,
  directory: string,
  input: ImageInput,
): Promise<ImageProcessor> {
  const path = join(directory, FILE);
  return imageProcessor(await readJsonObject(files, path), input);
}

function checkChannels(channels: number): 1 | 3 {
  if (channels === 1 || channels === 3) return channels;
  throw new UsageError(`images: a model must read 1 or 3 channels; got ${channels}`);
}

function perChannel(name: string, given: number | number[], channels: number): readonly number[] {
  if (typeof given === "number") return Array.from({ length: channels }, () => given);
  if (given.length === channels) return given;
  throw new UsageError(
    `${FILE}: ${name} must have a number for each of ${channels} channels; got ${given.length}`,
  );
}

/** Rounded to float32 where NumPy does. */
function valuesOf(
  {
    do_rescale,
    rescale_factor,
    do_normalize,
  }: Pick<Fields, "do_rescale" | "rescale_factor" | "do_normalize">,
  mean: readonly number[],
  deviation: readonly number[],
): Float32Array {
  const { fround } = Math;
  const value = (byte: number, channel: number): number => {
    const x = fround(do_rescale ? byte * rescale_factor : byte);
    if (!do_normalize) return x;
    return fround(x - fround(mean[channel] ?? 0)) / fround(deviation[channel] ?? 1);
  };
  return Float32Array.from({ length: 256 * mean.length }, (_, i) => value(i % 256, i >> 8));
}
