/** Pixel values against transformers' ViTImageProcessor of the PIL backend: the same floats. */

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { type ImageProcessor, imageProcessor } from "../../src/images/index.ts";
import { bytesOf, fileOf, golden } from "./golden.ts";
import { decodeImage, loadImageProcessor } from "../support/on-node.ts";

const input = { channels: 3, height: 6, width: 6 };

/** [channels, height, width] */
async function valuesOf(processor: ImageProcessor, path: string): Promise<Float32Array> {
  const { channels, values } = processor;
  const { data } = processor.fit(await decodeImage(path, channels));
  const pixels = data.length / channels;
  return Float32Array.from({ length: data.length }, (_, i) => {
    const channel = Math.floor(i / pixels);
    return values[256 * channel + (data[(i % pixels) * channels + channel] ?? NaN)] ?? NaN;
  });
}

describe("imageProcessor", () => {
  const cases = golden.processed.map((each) => ({ ...each, name: JSON.stringify(each.config) }));
  it.each(cases)("has the values and the settings of $name", async (each) => {
    const processor = imageProcessor(each.config, { ...input, channels: each.channels });
    const values = await valuesOf(processor, await fileOf("a.png", each.png));
    expect(values).toEqual(new Float32Array(bytesOf(each.values).buffer));
    expect(JSON.parse(processor.files.get("preprocessor_config.json") ?? "")).toEqual(each.config);
  });

  it("takes its defaults from transformers and its size from the model", () => {
    const { files } = imageProcessor({}, input);
    expect(JSON.parse(files.get("preprocessor_config.json") ?? "")).toEqual(
      golden.processed[0]?.config,
    );
  });

  it("takes a size of one number, as old files have it, and keeps fields that it does not know", () => {
    const { files } = imageProcessor({ size: 6, feature_extractor_type: "a" }, input);
    expect(JSON.parse(files.get("preprocessor_config.json") ?? "")).toMatchObject({
      size: { height: 6, width: 6 },
      feature_extractor_type: "a",
    });
  });

  it.each([
    [{ size: 7 }, input, "size must be the model's, 6 x 6; got 7 x 7"],
    [{ size: { shortest_edge: 6 } }, input, "preprocessor_config.json: size: "],
    [{ do_center_crop: true }, input, "preprocessor_config.json: do_center_crop: "],
    [{ resample: 0 }, input, "resample: must be 1, 2 or 3: Lanczos, bilinear or bicubic"],
    [{ image_mean: [0, 1] }, input, "image_mean must have a number for each of 3 channels; got 2"],
    [{}, { ...input, channels: 4 }, "a model must read 1 or 3 channels; got 4"],
  ])("refuses %j", (fields, model, message) => {
    expect(() => imageProcessor(fields, model)).toThrow(UsageError);
    expect(() => imageProcessor(fields, model)).toThrow(message);
  });

  it("refuses an image of another size that must not be resized", () => {
    const processor = imageProcessor({ do_resize: false }, input);
    const image = { data: new Uint8Array(75), height: 5, width: 5, channels: 3 };
    expect(() => processor.fit(image)).toThrow("must be 6 x 6; got one of 5 x 5");
  });
});

describe("loadImageProcessor", () => {
  it("reads the file of a directory, which must be there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flora-images-"));
    await expect(loadImageProcessor(folder, input)).rejects.toThrow("preprocessor_config.json");
    await writeFile(join(folder, "preprocessor_config.json"), '{"image_mean": 0}');
    const { values } = await loadImageProcessor(folder, input);
    expect(values[0]).toBe(0);
  });
});
