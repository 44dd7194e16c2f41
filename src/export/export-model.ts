/** @file A model for other programs, in a format and a type of numbers that they read. */

import { option, UsageError } from "../errors.ts";
import type { LoadModelOptions } from "../generate/load-model.ts";
import type { FileStore } from "../host/host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { convertTo, type StorageDType } from "../weights/convert.ts";
import type { NamedTensor } from "../weights/files/safetensors.ts";
import { isWeightsFile } from "../weights/shards.ts";
import type { GgufType } from "../gguf/models/written-model.ts";
import { saveModel } from "../weights/save-model.ts";
import { exportGguf } from "./export-gguf.ts";
import { exportOnnx } from "./export-onnx.ts";
import { openSource, type ModelSource } from "./model-source.ts";

/** What programs read. */
export type ExportFormat = "onnx" | "gguf" | "safetensors";

/** As what weights are written: floats of 32 or 16 bits, or blocks of 8. */
export type ExportDType = "fp32" | "fp16" | "bf16" | "q8";

export interface ExportOptions extends LoadModelOptions {
  /** A directory, which is made if need be. */
  readonly output: string;
  /** Default: "onnx". */
  readonly format?: ExportFormat | undefined;
  /** Default: fp16 as GGUF, fp32 as ONNX, and as they are in safetensors. */
  readonly dtype?: ExportDType | undefined;
}

export interface Exported {
  /** The paths of what was written for other programs, relative to the directory. */
  readonly files: readonly string[];
  readonly parameterCount: number;
}

const FORMATS: Readonly<Record<ExportFormat, Format>> = {
  onnx: {
    dtypes: ["fp32"],
    write: async (store, source, output) => exportOnnx(store, source, output),
  },
  gguf: {
    dtypes: ["fp16", "bf16", "fp32", "q8"],
    write: (store, source, output, dtype = "fp16") =>
      exportGguf(store, source, output, GGUF_TYPES[dtype]),
  },
  safetensors: {
    dtypes: ["fp32", "fp16", "bf16"],
    write: exportSafetensors,
  },
};

interface Format {
  readonly dtypes: readonly ExportDType[];
  /** Returns the paths of the files. */
  readonly write: (
    store: FileStore,
    source: ModelSource,
    output: string,
    dtype: ExportDType | undefined,
  ) => Promise<readonly string[]>;
}

const GGUF_TYPES: Readonly<Record<ExportDType, GgufType>> = {
  fp32: "F32",
  fp16: "F16",
  bf16: "BF16",
  q8: "Q8_0",
};

/**
 * Writes a model, with its adapter folded into it if there is one.
 *
 * @throws {UsageError} if the format cannot hold the model, or a file is missing.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function exportModel(
  store: FileStore,
  runtime: Runtime,
  { output, format = "onnx", dtype, ...options }: ExportOptions,
): Promise<Exported> {
  const { dtypes, write } = FORMATS[format];
  if (dtype !== undefined && !dtypes.includes(dtype)) {
    throw new UsageError(
      `${option("dtype")}: must be one of ${dtypes.join(", ")} with ${option("format", format)}; got ${dtype}`,
    );
  }
  const source = await openSource(store, runtime, options);
  const files = await write(store, source, output, dtype);
  return { files, parameterCount: source.parameterCount };
}

const STORAGE: ReadonlyMap<ExportDType, StorageDType> = new Map([
  ["fp32", "float32"],
  ["fp16", "float16"],
  ["bf16", "bfloat16"],
]);

async function exportSafetensors(
  store: FileStore,
  source: ModelSource,
  output: string,
  dtype: ExportDType | undefined,
): Promise<readonly string[]> {
  const { model, generationConfig } = source;
  const storage = dtype && STORAGE.get(dtype);
  const weights: NamedTensor[] = [];
  for await (const [name, tensor] of source.weights({ widen: false })) {
    const [, narrowed] = storage ? convertTo(storage, [name, tensor]) : [name, tensor];
    const { dtype: kept, shape } = narrowed;
    const data = "data" in narrowed ? narrowed.data : await narrowed.read();
    weights.push([name, { dtype: kept, shape, data }]);
  }
  await saveModel(store, output, {
    config: model.config,
    ...(generationConfig && { generationConfig }),
    weights,
    files: await source.files(),
  });
  return (await store.list(output)).map(({ name }) => name).filter(isWeightsFile);
}
