/** Images that ranks have between them, beside those of one process. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import type { Collective } from "../../src/collective/index.ts";
import { FormatError } from "../../src/errors.ts";
import type { FileStore } from "../../src/host/host.ts";
import { imageProcessor } from "../../src/images/index.ts";
import { modelFromScratch } from "../../src/models/architectures/registry.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { randomKey } from "../../src/random/key.ts";
import { loadData } from "../../src/tasks/load.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import type { TrainData } from "../../src/tasks/task-data.ts";
import { nodeFiles } from "../support/files.ts";
import { asRanks } from "../support/ranks.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-images-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of one colour each. */
async function images(name: string, count: number): Promise<string> {
  for (let i = 0; i < count; i += 1) {
    const path = join(folder, name, i % 3 === 0 ? "b" : "a");
    mkdirSync(path, { recursive: true });
    const raw = { width: 8, height: 8, channels: 3 } as const;
    await sharp(Buffer.alloc(8 * 8 * 3, 7 * i), { raw }).toFile(join(path, `${i}.png`));
  }
  return join(folder, name);
}
const TRAIN = await images("train", 20);
const FEW = await images("few", 1);
const HELD = await images("held", 7);
const BROKEN = await images("broken", 20);
writeFileSync(join(BROKEN, "a", "13.png"), "no image");

const model = modelFromScratch({
  model_type: "vit",
  image_size: 4,
  patch_size: 2,
  num_channels: 3,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  id2label: { "0": "a", "1": "b" },
});
const processor = imageProcessor({}, { channels: 3, height: 4, width: 4 });

function load(options: TrainOptions, ranks?: Collective) {
  const config = parseConfig({ batchSize: 2, microSteps: 6, model: "unread", ...options });
  let opened = 0;
  const files: FileStore = {
    ...nodeFiles,
    open(path) {
      opened += 1;
      return nodeFiles.open(path);
    },
  };
  const dataset = openDataset({ config, files, ranks });
  const request = { config, dataset, model, processor, contextLength: 5, key: randomKey(1) };
  return { data: loadData(request), opened: () => opened };
}

function seen({ training, evaluation, description }: TrainData) {
  const count = Math.ceil(1.5 * training.batchesPerEpoch);
  const batches = Array.from({ length: count }, (_, i) => training.batchAt(i));
  return { batches, held: [...evaluation()], description };
}

describe.each([2, 3])("%i ranks", (size) => {
  it.each<readonly [what: string, options: TrainOptions]>([
    ["some held out", { train: TRAIN }],
    ["others held out", { train: TRAIN, validation: HELD }],
    ["varied", { train: TRAIN, validation: HELD, augment: "crop" }],
    ["fewer than ranks", { train: TRAIN, validation: FEW }],
  ])("have the batches of one process: %s", async (_, options) => {
    const expected = seen(await load(options).data);
    const all = await asRanks(size, async (ranks) => seen(await load(options, ranks).data));
    for (const found of all) expect(found).toEqual(expected);
  });

  it("decode and keep a share each", async () => {
    const options = { train: TRAIN, validation: HELD };
    const all = await asRanks(size, async (ranks) => {
      const own = load(options, ranks);
      const { bytes } = await own.data;
      return { opened: own.opened(), bytes };
    });
    const pixels = 4 * 4 * 3;
    for (const { opened, bytes = 0 } of all) {
      expect(opened).toBeLessThanOrEqual(Math.ceil(20 / size) + Math.ceil(7 / size));
      // Those held out are few, and with all.
      expect(bytes).toBeLessThanOrEqual(pixels * (Math.ceil(20 / size) + 7));
    }
  });

  it("say what is wrong with one as one process does", async () => {
    const options = { train: BROKEN, validation: HELD };
    const message = (error: unknown) => (error instanceof FormatError ? error.message : error);
    const expected = await load(options).data.catch(message);
    expect(expected).toMatch("13.png");
    const all = await asRanks(size, (ranks) =>
      load(options, ranks).data.catch((error: unknown) => {
        if (error instanceof FormatError) return error.message;
        throw error;
      }),
    );
    for (const found of all) expect(found).toEqual(expected);
  });
});
