/** @file Models in GGUF read as directories are: the same configuration, and tensors under the same names. */

import type { FileStore } from "../host/host.ts";
import { findGguf } from "../gguf/find.ts";
import { type GgufModel, openGgufModel } from "../gguf/models/gguf-model.ts";
import type { WeightsFile } from "./files/safetensors.ts";

/** What config.json and generation_config.json would say; undefined if the model at a path is not in GGUF. */
export async function ggufConfigs(
  files: FileStore,
  path: string,
): Promise<Pick<GgufModel, "config" | "generationConfig"> | undefined> {
  const found = await findGguf(files, path);
  if (found === undefined) return undefined;
  const model = await openGgufModel(files, found);
  await model.close();
  return model;
}

/** The tensors of the model at a path; undefined if it is not in GGUF. */
export async function openGgufWeights(
  files: FileStore,
  path: string,
): Promise<WeightsFile | undefined> {
  const found = await findGguf(files, path);
  if (found === undefined) return undefined;
  const model = await openGgufModel(files, found);
  return {
    tensors: model.tensors,
    read: (name, { widen = true } = {}) => model.read(name, { widen }),
    close: model.close,
  };
}
