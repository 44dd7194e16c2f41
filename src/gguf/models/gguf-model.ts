/** @file A model in a GGUF file as the files and tensors of a directory of Hugging Face: nothing else knows that it is one. */

import { FormatError, UsageError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import type { FileStore } from "../../host/host.ts";
import { hostTensor, type HostTensor } from "../../tensor/host-tensor.ts";
import { BF16, F16 } from "../block-types.ts";
import { type GgufFile, openGguf } from "../gguf-file.ts";
import type { GgufTensor } from "../header.ts";
import { type Metadata, metadataOf } from "../metadata.ts";
import type { GgufArchitecture, TensorFacts } from "../architectures/parts/architecture.ts";
import { ARCHITECTURES } from "../architectures/index.ts";
import { headsOf } from "../architectures/parts/fields.ts";
import { arrange } from "../architectures/parts/layout.ts";
import { EXPERT, type TensorNames, tensorNames } from "./tensor-names.ts";

/** An open model; `close` must be called once. */
export interface GgufModel {
  /** What config.json would say. */
  readonly config: Json;
  /** What generation_config.json would say. */
  readonly generationConfig: Json;
  readonly metadata: Metadata;
  /** By the names of the checkpoint. */
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  /**
   * One tensor as it lies in the checkpoint.
   *
   * @param widen - whether sixteen-bit floats become float32; what is rounded further always does
   */
  readonly read: (name: string, options: { readonly widen: boolean }) => Promise<HostTensor>;
  readonly close: () => Promise<void>;
}

/** A tensor on disk. */
export interface ModelTensor {
  readonly shape: readonly number[];
  /** Those of sixteen bits by their names in safetensors, everything else as F32. */
  readonly dtype: "F32" | "F16" | "BF16";
}

/**
 * Opens the model of a file.
 *
 * @throws {FormatError} if the file breaks its format, or its architecture or one of its tensors is not supported.
 * @throws {UsageError} if it cannot be opened, or is a part of a model.
 */
export async function openGgufModel(files: FileStore, path: string): Promise<GgufModel> {
  const file = await openGguf(files, path);
  try {
    return await modelOf(path, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function modelOf(path: string, file: GgufFile): Promise<GgufModel> {
  const metadata = metadataOf(path, file.metadata);
  refuseParts(path, metadata);
  const architecture = architectureOf(metadata);
  const names = tensorNames(architecture);
  const facts: TensorFacts = {
    has: (name) => file.tensors.has(name),
    shapeOf: (name) => file.tensors.get(name)?.shape,
    read: (name) => file.read(name),
  };
  const ids = tokenIds(metadata);
  const config = {
    model_type: architecture.types[0],
    architectures: [architecture.className],
    ...(await architecture.config(metadata, facts)),
    ...ids,
  };
  const stored = storedTensors(path, file, architecture, names);
  const heads = headsOf(config);
  return {
    config,
    generationConfig: ids,
    metadata,
    tensors: new Map(
      Array.from(stored, ([name, { tensor, shape }]) => {
        const layout = names.layoutOf(tensor.name);
        const laid = layout === "transposed" ? shape.toReversed() : shape;
        return [name, { shape: laid, dtype: dtypeOf(tensor) }] as const;
      }),
    ),
    async read(name, { widen }) {
      const found = stored.get(name);
      if (!found) throw new FormatError(path, `no tensor ${JSON.stringify(name)}`);
      const { tensor, slice, shape } = found;
      const layout = names.layoutOf(tensor.name);
      const dtype = dtypeOf(tensor);
      const isWide = widen || dtype === "F32" || layout === "plus one";
      const data = isWide
        ? await file.read(tensor.name, slice)
        : new Uint16Array((await file.readBytes(tensor.name, slice)).buffer);
      const laid = arrange({ shape, data }, layout, heads, "from GGUF");
      return hostTensor(isWide ? "float32" : HALVES[dtype], laid.shape, laid.data);
    },
    close: file.close,
  };
}

const HALVES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

const dtypeOf = ({ type }: GgufTensor): ModelTensor["dtype"] => {
  if (type === F16) return "F16";
  return type === BF16 ? "BF16" : "F32";
};

/** Where a tensor of the checkpoint lies. */
interface StoredTensor {
  readonly tensor: GgufTensor;
  /** The number of the expert whose slice it is; undefined for all of the tensor. */
  readonly slice?: number;
  /** As it lies there. */
  readonly shape: readonly number[];
}

/** @throws {FormatError} if one is not known. */
function storedTensors(
  path: string,
  file: GgufFile,
  { ignored }: GgufArchitecture,
  names: TensorNames,
): ReadonlyMap<string, StoredTensor> {
  const stored = new Map<string, StoredTensor>();
  for (const [name, tensor] of file.tensors) {
    if (ignored.includes(name)) continue;
    const own = names.ofCheckpoint(name);
    if (own === undefined) throw new FormatError(path, `tensor ${JSON.stringify(name)}: not known`);
    if (names.hasExperts(name)) {
      const [count = 0, ...shape] = tensor.shape;
      for (let slice = 0; slice < count; slice++) {
        stored.set(own.replace(EXPERT, String(slice)), { tensor, slice, shape });
      }
    } else stored.set(own, { tensor, shape: tensor.shape });
  }
  return stored;
}

/** A model in several files is put together by llama.cpp. */
function refuseParts(path: string, metadata: Metadata): void {
  const parts = metadata.number("split.count") ?? 1;
  if (parts <= 1) return;
  throw new UsageError(`${path}: one of ${parts} parts of a model`, {
    hint: "llama.cpp puts them together: llama-gguf-split --merge FIRST-PART model.gguf",
  });
}

function architectureOf(metadata: Metadata): GgufArchitecture {
  const key = "general.architecture";
  const name = metadata.required(key, metadata.text(key));
  const found = ARCHITECTURES.find((each) => each.name === name);
  if (found) return found;
  const known = ARCHITECTURES.map((each) => each.name).join(", ");
  throw new FormatError(metadata.path, `architectures that are read are ${known}; got ${name}`);
}

/** The special tokens of config.json; where an answer ends with another token than a text, both end it. */
function tokenIds(metadata: Metadata): Json {
  const id = (name: string) => metadata.number(`tokenizer.ggml.${name}_token_id`);
  const [start, end, pad] = [id("bos"), id("eos"), id("padding")];
  const ends = [...new Set([end, id("eot"), id("eom")].filter((each) => each !== undefined))];
  return {
    ...(start !== undefined && { bos_token_id: start }),
    ...(ends.length > 0 && { eos_token_id: ends.length === 1 ? ends[0] : ends }),
    ...(pad !== undefined && { pad_token_id: pad }),
  };
}
