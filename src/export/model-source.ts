/** @file What is exported: a model on disk, or with an adapter folded into it. */

import { foldAdapters } from "../generate/fold-adapters.ts";
import { companionFiles, loadNetwork, type LoadModelOptions } from "../generate/load-model.ts";
import type { FileStore } from "../host/host.ts";
import { modelFromConfig } from "../models/architectures/registry.ts";
import { type Model, paramsInUse } from "../models/model.ts";
import { bufferOf } from "../runtime/buffers.ts";
import { readTensor, type Runtime } from "../runtime/runtime.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { elementCount } from "../tensor/shape.ts";
import {
  eachWeight,
  readConfig,
  readGenerationConfig,
  type ReadOptions,
} from "../weights/index.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface ModelSource {
  readonly model: Model;
  /** Where the model lies, or its base. */
  readonly home: string;
  /** Whether the weights are those of a directory as they are. */
  readonly isPlain: boolean;
  readonly generationConfig: Fields | undefined;
  /** The files of its tokenizer, or of what makes its images. @throws {UsageError} if there are none. */
  files(): Promise<ReadonlyMap<string, string>>;
  /** The weights in use, in the order of the model; read when they are asked for. */
  weights(
    options?: ReadOptions,
  ): AsyncGenerator<readonly [name: string, tensor: HostTensor], void, undefined>;
  /** Their names. */
  readonly names: readonly string[];
  /** How many numbers they are. */
  readonly parameterCount: number;
}

/**
 * Opens a model; that of an adapter is in memory from then on.
 *
 * @throws {UsageError | FormatError} as `loadModel` does.
 */
export async function openSource(
  store: FileStore,
  runtime: Runtime,
  options: LoadModelOptions,
): Promise<ModelSource> {
  const { directory, adapter } = options;
  if (directory !== undefined && adapter === undefined) return plainSource(store, directory);
  const { network, home } = await loadNetwork(store, runtime, options);
  await foldAdapters(runtime, network);
  const { base, weights } = network;
  const own = adapter === undefined ? undefined : await readGenerationConfig(store, adapter);
  return {
    ...facts(base),
    home,
    isPlain: false,
    generationConfig: own ?? (await readGenerationConfig(store, home)),
    files: () => companionFiles(store, home, { ...options, model: base }),
    async *weights() {
      for (const name of facts(base).names) yield [name, await readTensor(bufferOf(weights, name))];
    },
  };
}

async function plainSource(store: FileStore, home: string): Promise<ModelSource> {
  const model = modelFromConfig(await readConfig(store, home));
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const inUse = paramsInUse(model);
  // A head that is missing is not to be drawn here.
  const optional = [...shapes.keys()].filter((name) => !inUse.has(name));
  return {
    ...facts(model),
    home,
    isPlain: true,
    generationConfig: await readGenerationConfig(store, home),
    files: () => companionFiles(store, home, { model }),
    async *weights(options = {}) {
      const all = eachWeight(store, home, shapes, { ...model.checkpoint, ...options, optional });
      for await (const each of all) if (inUse.has(each[0])) yield each;
    },
  };
}

function facts(model: Model): Pick<ModelSource, "model" | "names" | "parameterCount"> {
  const inUse = paramsInUse(model);
  const names = [...model.params.keys()].filter((name) => inUse.has(name));
  const counts = names.map((name) => elementCount(model.params.get(name)?.shape ?? []));
  return { model, names, parameterCount: counts.reduce((sum, count) => sum + count, 0) };
}
