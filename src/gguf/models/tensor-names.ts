/** @file The tensors of a model by their names in GGUF and in its checkpoint. */

import type { GgufArchitecture, Layout } from "./architecture.ts";

export interface TensorNames {
  /** In the checkpoint; undefined for a name that the architecture does not know. */
  readonly ofCheckpoint: (name: string) => string | undefined;
  /** In GGUF. */
  readonly ofGguf: (name: string) => string | undefined;
  /** By the name in GGUF. */
  readonly layoutOf: (name: string) => Layout | undefined;
}

export function tensorNames({ tensors, layouts }: GgufArchitecture): TensorNames {
  const inverse = Object.fromEntries(Object.entries(tensors).map(([gguf, own]) => [own, gguf]));
  return {
    ofCheckpoint: (name) => renamed(name, tensors),
    ofGguf: (name) => renamed(name, inverse),
    layoutOf: (name) => layouts[name.replace(LAYER, ".*.")],
  };
}

const LAYER = /\.(\d+)\./;
const ENDING = /\.(?:weight|bias)$/;

/** A name whose stem stands for another; the number of the layer and the ending stay. */
function renamed(name: string, stems: Readonly<Record<string, string>>): string | undefined {
  const layer = LAYER.exec(name)?.[1] ?? "";
  const ending = ENDING.exec(name)?.[0];
  if (ending === undefined) return undefined;
  const stem = stems[name.slice(0, -ending.length).replace(/\.\d+(?=\.)/, ".*")];
  return stem === undefined ? undefined : stem.replace("*", layer) + ending;
}
