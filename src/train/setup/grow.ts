/**
 * @file A vocabulary that grows by the marks of a chat template. Rows of new tokens are the mean of the others: a token that says nothing
 * yet, neither likely nor unlikely (Hewitt, 2021, "Initializing New Word Embeddings for Pretrained Language Models").
 */

import { modelFromConfig } from "../../models/architectures/registry.ts";
import type { Model } from "../../models/model.ts";
import { float32, type HostTensor } from "../../tensor/host-tensor.ts";
import { elementCount } from "../../tensor/shape.ts";

/** What a vocabulary was before it grew. */
export interface Growth {
  /** The model as its checkpoint has it. */
  readonly stored: Model;
  /** The first token that is new. */
  readonly first: number;
}

/** The model for a vocabulary of a size, if that is larger than its own. */
export const grownModel = (model: Model, vocabularySize: number): Model =>
  vocabularySize > model.vocabularySize
    ? modelFromConfig({ ...model.config, vocab_size: vocabularySize })
    : model;

/** The parameters that have a row for each token. */
export function vocabularyParams(model: Model): ReadonlySet<string> {
  const larger = grownModel(model, model.vocabularySize + 1);
  return new Set(
    [...model.params]
      .filter(([name, { shape }]) => larger.params.get(name)?.shape[0] !== shape[0])
      .map(([name]) => name),
  );
}

/**
 * Rows of a vocabulary, [V, ...], as [V', ...] with new ones from `first` on.
 *
 * @param first - the first token that is new
 */
export function withNewRows(
  tensor: HostTensor,
  shape: readonly number[],
  first: number,
): HostTensor {
  const [rows = 0, ...row] = shape;
  const width = elementCount(row);
  const old = Float32Array.from(tensor.data, Number);
  const data = new Float32Array(rows * width);
  data.set(old.subarray(0, first * width));
  const mean = new Float64Array(width);
  for (let i = 0; i < first * width; i++) mean[i % width] = (mean[i % width] ?? 0) + (old[i] ?? 0);
  const row32 = Float32Array.from(mean, (sum) => sum / first);
  for (let i = first; i < rows; i++) data.set(row32, i * width);
  return float32(shape, data);
}
