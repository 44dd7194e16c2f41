/** @file A saved model, ready to continue texts. */

import { createDecoder, type Decoder } from "../generate/index.ts";
import { modelFromConfig } from "../models/registry.ts";
import { cpuRuntime } from "../runtime/node.ts";
import { loadTokenizer, type Tokenizer } from "../text/index.ts";
import { loadWeights, readConfig } from "../weights/index.ts";

export interface OpenedModel {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
}

/**
 * Opens a Hugging Face directory.
 *
 * @throws {UsageError} if it lacks a file, or the architecture is not supported.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function openModel(directory: string, threads?: number): Promise<OpenedModel> {
  const model = modelFromConfig(await readConfig(directory));
  const tokenizer = await loadTokenizer(directory);
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const tensors = await loadWeights(directory, shapes, model.checkpoint);
  const runtime = cpuRuntime(threads === undefined ? {} : { threads });
  const weights = new Map([...tensors].map(([name, tensor]) => [name, runtime.adopt(tensor)]));
  return { decoder: createDecoder(model, runtime, weights), tokenizer };
}
