/**
 * @file A vocabulary that grows by the marks of a chat template. Rows of new tokens are the mean of the others: a token that says nothing
 * yet, neither likely nor unlikely (Hewitt, 2021, "Initializing New Word Embeddings for Pretrained Language Models").
 */

import type { Rows } from "../engine/parts/param-plan.ts";
import { modelFromConfig } from "../models/architectures/registry.ts";
import type { Model } from "../models/model.ts";
import { float32, type HostTensor } from "../tensor/host-tensor.ts";
import { elementCount } from "../tensor/shape.ts";

/** What a vocabulary was before it grew. */
export interface Growth {
  /** The model as its checkpoint has it. */
  readonly stored: Model;
  /** The tokens that are new; there may be more behind them, which no tokenizer makes. */
  readonly tokens: Rows;
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

/** Rows of a vocabulary, [V, ...], as [V', ...] with those of new tokens. */
export function withNewRows(
  tensor: HostTensor,
  shape: readonly number[],
  { start, end }: Rows,
): HostTensor {
  const width = elementCount(shape.slice(1));
  const old = Float32Array.from(tensor.data, Number);
  const data = new Float32Array(elementCount(shape));
  data.set(old);
  const mean = new Float64Array(width);
  for (let i = 0; i < start * width; i++) mean[i % width] = (mean[i % width] ?? 0) + (old[i] ?? 0);
  const row = Float32Array.from(mean, (sum) => sum / start);
  for (let i = start; i < end; i++) data.set(row, i * width);
  return float32(shape, data);
}
