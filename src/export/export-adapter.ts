/** @file An adapter alone as a GGUF file, which llama.cpp lays over its base (`--lora`). */

import { type Adapter, adaptedSizes, adapterNames, adaptersOf } from "../adapters/index.ts";
import { UsageError } from "../errors.ts";
import { writeGguf } from "../gguf/write.ts";
import { writtenAdapter } from "../gguf/models/written-adapter.ts";
import type { PlannedTensor } from "../gguf/models/written-model.ts";
import { writeFileAtomic } from "../host/atomic.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { basename, join } from "../host/path.ts";
import type { Model } from "../models/model.ts";
import { modelFromConfig } from "../models/architectures/registry.ts";
import { asFloat32, type HostTensor } from "../tensor/host-tensor.ts";
import { convertTo } from "../weights/convert.ts";
import { ADAPTER_CONFIG, CONFIG } from "../weights/files/file-names.ts";
import { loadAdapter, readConfig } from "../weights/index.ts";
import { type ExportDType, ggufTypeOf } from "./export-model.ts";

export const ADAPTER_FILE = "adapter.gguf";

/** Whether a directory holds an adapter and no model. */
export const isAdapterDirectory = async (store: FileStore, directory: string): Promise<boolean> =>
  (await exists(store, join(directory, ADAPTER_CONFIG))) &&
  !(await exists(store, join(directory, CONFIG)));

/** Where an adapter and its base are, and as what it is written. */
export interface ExportAdapterOptions {
  readonly adapter: string;
  /** The base; the one that the adapter names if absent. */
  readonly directory?: string | undefined;
  readonly output: string;
  /** Default: fp16. */
  readonly dtype?: ExportDType | undefined;
}

/**
 * Writes adapter.gguf into `output`, which is made if need be.
 *
 * @returns how many weights have an adapter
 * @throws {UsageError} if llama.cpp has no words for the adapter, before anything is written.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function exportAdapter(
  store: FileStore,
  { adapter: from, directory, output, dtype }: ExportAdapterOptions,
): Promise<number> {
  const type = ggufTypeOf(dtype);
  const { config, tensors } = await loadAdapter(store, from);
  const home = directory ?? config.base_model_name_or_path ?? from;
  const base = modelFromConfig(await readConfig(store, home));
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape] as const));
  const { adapters, stored } = adaptersOf(base, config, shapes);
  checkPlain(base, adapters, stored);

  const [first] = adapters;
  const alpha = (first?.rank ?? 1) * (first?.scale ?? 1);
  const name = basename(store.absolute(from));
  const { metadata, plan } = writtenAdapter(base.config, { name, alpha, type });
  const parts = adapters.flatMap((adapter) => {
    const { weight, rank, scale } = adapter;
    const planned = plan(weight, { ...adaptedSizes(base, adapter), rank });
    if (!planned) {
      throw new UsageError(`${base.type}: GGUF has no tensor for ${weight}`, {
        hint: "merge the adapter, and export the model as onnx or safetensors",
      });
    }
    const tensorOf = (own: string): HostTensor => {
      const tensor = tensors.get(stored.get(own) ?? "");
      if (!tensor) throw new Error(`internal: no tensor ${own}`);
      return tensor;
    };
    const names = adapterNames(adapter);
    const b = tensorOf(names.b);
    const factor = (scale * rank) / alpha;
    const scaled = factor === 1 ? b : { ...b, data: asFloat32(b).map((value) => value * factor) };
    return [[planned.a, tensorOf(names.a)] as const, [planned.b, scaled] as const];
  });
  await store.makeDirectory(output);
  await writeFileAtomic(store, join(output, ADAPTER_FILE), (file) =>
    writeGguf(file, { metadata, tensors: parts.map(([planned]) => planned), data: bytesOf(parts) }),
  );
  return adapters.length;
}

async function* bytesOf(parts: readonly (readonly [PlannedTensor, HostTensor])[]) {
  for (const [planned, tensor] of parts) {
    const [, staged] = convertTo(planned.stage, [planned.name, tensor]);
    const data = "data" in staged ? staged.data : await staged.read();
    if (!(data instanceof Float32Array || data instanceof Uint16Array)) {
      throw new Error(`internal: ${planned.name} is ${tensor.dtype}`);
    }
    yield planned.bytesOf(data);
  }
}

/** @throws {UsageError} if there is more than A and B. */
function checkPlain(
  base: Model,
  adapters: readonly Adapter[],
  stored: ReadonlyMap<string, string>,
): void {
  const hint = "merge it, and export the model: --adapter in place of --model";
  const tied = adapters.find(({ weight }) => !base.params.has(weight));
  if (tied) {
    throw new UsageError(
      `adapter: llama.cpp has no head apart from the table of tokens that it is tied to; got ${tied.weight}`,
      { hint: "use the adapter beside its base here, with --adapter" },
    );
  }
  if (adapters.some(({ hasMagnitude }) => hasMagnitude)) {
    throw new UsageError("adapter: llama.cpp has no DoRA", { hint });
  }
  const table = adapters.find(({ isEmbedding }) => isEmbedding);
  if (table) {
    throw new UsageError(`adapter: embeddings get none in GGUF; got ${table.weight}`, { hint });
  }
  const own = new Set(
    adapters.flatMap((adapter) => {
      const { a, b } = adapterNames(adapter);
      return [a, b];
    }),
  );
  const whole = [...stored.keys()].find((name) => !own.has(name));
  if (whole === undefined) return;
  throw new UsageError(`adapter: llama.cpp has no weights beside adapters; got ${whole}`, { hint });
}
