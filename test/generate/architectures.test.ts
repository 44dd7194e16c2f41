/** Every architecture that writes text, against what transformers' `generate` makes with the same weights. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beamSearch, complete, createDecoder, type Decoder } from "../../src/generate/index.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import {
  DECODERS,
  type GeneratorName,
  readGeneration,
  readGolden,
  SEQ2SEQ,
} from "../models/golden.ts";
import { testRuntime } from "../support/graph.ts";
import { loadWeights, readConfig, saveModel } from "../support/on-node.ts";

const NAMES: readonly GeneratorName[] = [...DECODERS, ...SEQ2SEQ];
const SEARCHED = NAMES.filter((name) => readGeneration(name).beams !== undefined);

/** A decoder of the golden model, from a directory as transformers would have saved it. */
async function load(name: GeneratorName): Promise<Decoder> {
  const golden = readGolden(name);
  const folder = mkdtempSync(join(tmpdir(), "flora-architectures-"));
  await saveModel(folder, { config: golden.config, weights: Object.entries(golden.weights) });
  const model = modelFromConfig(await readConfig(folder));
  const shapes = new Map([...model.params].map(([param, { shape }]) => [param, shape] as const));
  const tensors = await loadWeights(folder, shapes, model.checkpoint);
  const weights = new Map(
    [...tensors].map(([param, tensor]) => [param, testRuntime.adopt(tensor)]),
  );
  return createDecoder(model, testRuntime, weights);
}

/** What follows each prompt, without the end token, and the options that it was made with. */
function generationOf(name: GeneratorName) {
  const {
    prompts,
    greedy,
    endToken,
    maxNewTokens,
    numBeams = 0,
    beams = [],
  } = readGeneration(name);
  const withoutEnd = (tokens: readonly number[]) => tokens.filter((token) => token !== endToken);
  return {
    prompts: prompts.map((ids) => Int32Array.from(ids)),
    greedy: greedy.map(withoutEnd),
    searches: beams.map(({ early_stopping, length_penalty, sequences, scores }) => ({
      options: {
        beams: numBeams,
        returns: numBeams,
        earlyStopping: early_stopping,
        lengthPenalty: length_penalty,
      },
      sequences: sequences.map((each) => each.map(withoutEnd)),
      scores,
    })),
    limits: { maxNewTokens, stopTokens: [endToken] },
  };
}

describe.each(NAMES)("%s", (name) => {
  const { prompts, greedy, searches, limits } = generationOf(name);
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await load(name);
  });
  afterAll(() => decoder.release());

  it.each([
    ["each prompt alone", 1],
    ["prompts of unequal length together", prompts.length],
  ])("continues %s", async (_, batchSize) => {
    const made = await complete(decoder, prompts, { ...limits, batchSize });
    expect(made.map((tokens) => [...tokens])).toEqual(greedy);
  });

  it.each(searches)("is searched with $options", async ({ options, sequences, scores }) => {
    for (const batchSize of [options.beams, prompts.length * options.beams]) {
      const found = await beamSearch(decoder, prompts, { ...limits, ...options, batchSize });
      expect(found.map((each) => each.map(({ tokens }) => [...tokens]))).toEqual(sequences);
      expect(found.flatMap((each) => each.map(({ score }) => score))).toEqual(
        scores.flat().map((score) => expect.closeTo(score, 3)),
      );
    }
  });

  it("has prompts of unequal length, and continuations that end and that do not", () => {
    const isLongest = greedy.map(({ length }) => length === limits.maxNewTokens);
    expect(new Set(prompts.map(({ length }) => length)).size).toBeGreaterThan(1);
    expect(new Set(isLongest)).toEqual(new Set([true, false]));
  });
});

it("searches with decoders alone, with capped ones, and with an encoder", () => {
  expect(SEARCHED).toEqual(expect.arrayContaining(["llama", "gemma2", "t5", "t5_gated"]));
});
