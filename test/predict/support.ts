/** A loaded model without a directory: a small BERT with drawn weights, and a tokenizer of letters. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import type { PredictModel } from "../../src/predict/index.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { readTensor, type Runtime } from "../../src/runtime/runtime.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { bertTokenizer as tokenizer } from "../support/bert-tokenizer.ts";
import { normals } from "../support/random.ts";
import { saveModel } from "../support/on-node.ts";

export const runtime: Runtime = cpuRuntime({ threads: 1 });

export function drawnModel(fields: Readonly<Record<string, unknown>>): PredictModel {
  const model = modelFromConfig({
    model_type: "bert",
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 12,
    max_position_embeddings: 12,
    ...fields,
  });
  const draw = normals(1);
  const weights = [...model.params].map(([name, { shape }]) => {
    const count = shape.reduce((n, dim) => n * dim, 1);
    return [
      name,
      runtime.adopt(float32(shape, Float32Array.from({ length: count }, draw))),
    ] as const;
  });
  return { base: model, model, weights: new Map(weights), tokenizer };
}

/** A directory that holds a model. */
export async function savedModel({
  model,
  weights,
  tokenizer: { files },
}: PredictModel): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "flora-predict-"));
  const tensors = [...weights].map(
    async ([name, buffer]) => [name, await readTensor(buffer)] as const,
  );
  await saveModel(directory, { config: model.config, weights: await Promise.all(tensors), files });
  return directory;
}
