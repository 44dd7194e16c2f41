/** @file The model of a command that writes text: fetched, loaded, and ready to write. */

import type { CompleteTextOptions, TextModel } from "../../generate/index.ts";
import type { ModelNames } from "../../hub/index.ts";
import { nodeHost } from "../../host/node.ts";
import { reportIgnored } from "../arguments/generation-options.ts";
import { chosenRuntime } from "../arguments/model-options.ts";
import type { ParsedOptions } from "../arguments/options.ts";
import { fetchModels } from "./fetch.ts";

/** A model that writes; whoever opened it releases its decoder. */
export interface OpenedTextModel {
  readonly text: TextModel;
  /** Tokens that prompt and answer have room for together. */
  readonly contextLength: number;
  /** What its generation_config.json asks for. */
  readonly settings: CompleteTextOptions;
}

/**
 * Opens the model of these names on the device of the options.
 *
 * @throws {UsageError} if there is none, or it writes no text.
 */
export async function openTextModel(
  options: ParsedOptions,
  names: ModelNames,
): Promise<OpenedTextModel> {
  const fetched = await fetchModels(names);
  const { createDecoder, loadModel } = await import("../../generate/index.ts");
  const runtime = await chosenRuntime(options);
  const loaded = await loadModel(nodeHost().files, runtime, fetched);
  const { model, weights, tokenizer, generation } = loaded;
  reportIgnored(generation);
  const decoder = createDecoder(model, runtime, weights);
  const { contextLength } = model;
  return { text: { model, decoder, tokenizer }, contextLength, settings: generation.options };
}
