/**
 * @file Adapter directories as peft writes them: adapter_config.json, and the adapters in adapter_model.safetensors under the names
 * of their modules,
 *
 *   base_model.model.<module>.lora_A.weight    [r, in]
 *   base_model.model.<module>.lora_B.weight    [out, r]
 *   base_model.model.<module>.lora_magnitude_vector    [out], of DoRA
 *   base_model.model.<module>.<parameter>      of modules_to_save
 */

import { FormatError, UsageError } from "../errors.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "./files/file-names.ts";
import { type PeftConfig, readAdapterConfig } from "./peft-config.ts";
import { openSafetensors } from "./files/safetensors.ts";
import { formatJson, saveDirectory } from "./save-directory.ts";

/** An adapter as peft saved it. */
export interface LoadedAdapter {
  readonly config: PeftConfig;
  /** By names without "base_model.model."; float32. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

const PREFIX = "base_model.model.";

/**
 * Reads an adapter directory.
 *
 * @throws {UsageError} if there is none, or it asks for what is not supported.
 * @throws {FormatError} if a file is not what its format demands.
 */
export async function loadAdapter(store: FileStore, dir: string): Promise<LoadedAdapter> {
  const config = await readAdapterConfig(store, dir);
  const path = join(dir, ADAPTER_WEIGHTS);
  if (!(await exists(store, path)) && (await exists(store, join(dir, "adapter_model.bin")))) {
    throw new UsageError(
      `${dir}: holds only adapter_model.bin, a pickle, which runs code when it is loaded`,
      { hint: "save it again with save_pretrained(dir, safe_serialization=True)" },
    );
  }
  const file = await openSafetensors(store, path);
  try {
    const tensors = new Map<string, HostTensor>();
    for (const name of file.tensors.keys()) {
      if (!name.startsWith(PREFIX)) {
        throw new FormatError(path, `names must begin with ${PREFIX}; got ${name}`);
      }
      tensors.set(name.slice(PREFIX.length), await file.read(name));
    }
    return { config, tensors };
  } finally {
    await file.close();
  }
}

/** Saves adapters so that peft loads them; `tensors` by names without "base_model.model.". */
export const saveAdapter = (
  store: FileStore,
  dir: string,
  config: PeftConfig,
  tensors: Iterable<readonly [name: string, tensor: HostTensor]>,
  files: ReadonlyMap<string, Uint8Array | string> = new Map(),
): Promise<void> =>
  saveDirectory(store, dir, {
    weights: new Map([[ADAPTER_WEIGHTS, prefixed(tensors)]]),
    config: [ADAPTER_CONFIG, formatJson({ ...FIXED, ...config })],
    files,
  });

/** What peft needs beside the fields that vary. */
const FIXED = {
  peft_type: "LORA",
  bias: "none",
  inference_mode: true,
  init_lora_weights: true,
  lora_dropout: 0,
} as const;

function* prefixed(
  tensors: Iterable<readonly [name: string, tensor: HostTensor]>,
): Generator<readonly [string, HostTensor]> {
  for (const [name, tensor] of tensors) yield [PREFIX + name, tensor];
}
