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
import type { OnnxDType } from "./graphs/compressed-weights.ts";
import { openSource, type ModelSource } from "./model-source.ts";

/** What programs read. */
export type ExportFormat = "onnx" | "gguf" | "safetensors";

/** As what weights are written: floats of 32 or 16 bits, or whole numbers of 8 or 4 with scales. */
export type ExportDType = "fp32" | "fp16" | "bf16" | "q8" | "q4";

export interface ExportOptions extends LoadModelOptions {
  /** A directory, which is made if need be. */
  readonly output: string;
  /** Default: "onnx". */
  readonly format?: ExportFormat | undefined;
  /** Default: fp16 as GGUF, fp32 as ONNX, and as they are in safetensors. */
  readonly dtype?: ExportDType | undefined;
}

/** What an export left. */
export interface Exported {
  /** The paths of what was written for other programs, relative to the directory. */
  readonly files: readonly string[];
  readonly parameterCount: number;
}

/** Names of types in the formats. */
const ONNX_TYPES: ReadonlyMap<ExportDType, OnnxDType> = new Map([
  ["fp32", "fp32"],
  ["fp16", "fp16"],
  ["q8", "q8"],
  ["q4", "q4"],
]);
const GGUF_TYPES: ReadonlyMap<ExportDType, GgufType> = new Map([
  ["fp32", "F32"],
  ["fp16", "F16"],
  ["bf16", "BF16"],
  ["q8", "Q8_0"],
]);
const STORAGE_TYPES: ReadonlyMap<ExportDType, StorageDType> = new Map([
  ["fp32", "float32"],
  ["fp16", "float16"],
  ["bf16", "bfloat16"],
]);

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
  const write = writerOf(format, dtype);
  const source = await openSource(store, runtime, options);
  const files = await write(store, source, output);
  return { files, parameterCount: source.parameterCount };
}

/** Writes a model into a directory; returns the paths of the files. */
type Writer = (store: FileStore, source: ModelSource, output: string) => Promise<readonly string[]>;

/** @throws {UsageError} if the format has no such type. */
function writerOf(format: ExportFormat, dtype: ExportDType | undefined): Writer {
  switch (format) {
    case "onnx": {
      const type = typeIn(format, ONNX_TYPES, dtype ?? "fp32");
      return (store, source, output) => exportOnnx(store, source, output, type);
    }
    case "gguf": {
      const type = ggufTypeOf(dtype);
      return (store, source, output) => exportGguf(store, source, output, type);
    }
    case "safetensors": {
      const type = dtype && typeIn(format, STORAGE_TYPES, dtype);
      return (store, source, output) => exportSafetensors(store, source, output, type);
    }
  }
}

/** fp16 if nothing is said. @throws {UsageError} if GGUF has no such type here. */
export const ggufTypeOf = (dtype: ExportDType | undefined): GgufType =>
  typeIn("gguf", GGUF_TYPES, dtype ?? "fp16");

function typeIn<T>(
  format: ExportFormat,
  types: ReadonlyMap<ExportDType, T>,
  dtype: ExportDType,
): T {
  const type = types.get(dtype);
  if (type !== undefined) return type;
  const known = [...types.keys()].join(", ");
  throw new UsageError(
    `${option("dtype")}: must be one of ${known} with ${option("format", format)}; got ${dtype}`,
  );
}

async function exportSafetensors(
  store: FileStore,
  source: ModelSource,
  output: string,
  dtype: StorageDType | undefined,
): Promise<readonly string[]> {
  const { model, generationConfig } = source;
  const weights: NamedTensor[] = [];
  for await (const [name, tensor] of source.weights({ widen: false })) {
    const [, narrowed] = dtype ? convertTo(dtype, [name, tensor]) : [name, tensor];
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
