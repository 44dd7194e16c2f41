/**
 * @file Writing a model directory that Hugging Face tools load: config.json,
 * generation_config.json, tokenizer files, and the weights in one file or in shards with an index.
 */

import { UsageError } from "../errors.ts";
import type { FileStore } from "../host/host.ts";
import { convertTo, floatTypeOf, type StorageDType } from "./convert.ts";
import { isPlainFileName } from "./directory.ts";
import { CONFIG, GENERATION_CONFIG, INDEX } from "./files/file-names.ts";
import type { NamedTensor } from "./files/safetensors.ts";
import { formatJson, saveDirectory } from "./save-directory.ts";
import { isWeightsFile, shard } from "./shards.ts";

/** What a model directory holds. */
export interface ModelFiles {
  readonly config: Readonly<Record<string, unknown>>;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly weights: Iterable<NamedTensor>;
  /** Further files, such as those of the tokenizer, by their paths in the directory. */
  readonly files?: ReadonlyMap<string, Uint8Array | string>;
}

/** How tensors are written. */
export interface SaveOptions {
  /** The type of all floats; by default each tensor keeps its own. */
  readonly dtype?: StorageDType | undefined;
  /** Bytes of tensors that go into one file at most. Default: 50 GB, that of save_pretrained. */
  readonly maxShardBytes?: number | undefined;
}

/**
 * Saves a model, in place of the one that may already be in `dir`. The `dtype` of its configuration
 * becomes that of the weights, since transformers loads them in the type that stands there.
 *
 * @throws {UsageError} if the disk is full or the directory cannot be written, and the like, or if
 *   a weight is too large for `dtype`; the previous model is then still there.
 */
export async function saveModel(
  store: FileStore,
  dir: string,
  model: ModelFiles,
  { dtype, maxShardBytes }: SaveOptions = {},
): Promise<void> {
  const further = furtherFiles(dir, model);
  const given = [...model.weights];
  const weights = dtype === undefined ? given : given.map((named) => convertTo(dtype, named));
  const { files, index } = shard(weights, maxShardBytes);
  await saveDirectory(store, dir, {
    weights: files,
    config: [CONFIG, formatJson(withDType(model.config, floatTypeOf(weights)), { floats: FLOATS })],
    files: index === undefined ? further : new Map([...further, [INDEX, formatJson(index)]]),
    isStale: (name) => isWeightsFile(name) && !files.has(name) && !(index && name === INDEX),
  });
}

/** Fields that transformers takes as floats alone, and refuses as integers. */
const FLOATS = [
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "initializer_factor",
  "initializer_range",
  "layer_norm_eps",
  "layer_norm_epsilon",
  "rms_norm_eps",
];

/** transformers reads `dtype`, before version 4.56 `torch_dtype`: where that stands, it follows. */
const withDType = (
  config: ModelFiles["config"],
  dtype: string | undefined,
): ModelFiles["config"] => ({
  ...config,
  ...(dtype !== undefined && { dtype }),
  ...(dtype !== undefined && "torch_dtype" in config && { torch_dtype: dtype }),
});

/** Every file but the weights and config.json. */
function furtherFiles(
  dir: string,
  { generationConfig, files = new Map() }: ModelFiles,
): ReadonlyMap<string, Uint8Array | string> {
  const contents = new Map<string, Uint8Array | string>();
  for (const [name, content] of files) {
    const isReserved = name === CONFIG || name === GENERATION_CONFIG || isWeightsFile(name);
    if (!name.split("/").every(isPlainFileName) || isReserved) {
      throw new UsageError(`${dir}: cannot save a further file under this name; got ${name}`);
    }
    contents.set(name, content);
  }
  if (generationConfig !== undefined) contents.set(GENERATION_CONFIG, formatJson(generationConfig));
  return contents;
}
