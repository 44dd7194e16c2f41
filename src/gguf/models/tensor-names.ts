/**
 * @file The tensors of a model by their names in GGUF and in its checkpoint. The matrices of all experts of a layer are one tensor in
 * GGUF, [E, out, in].
 */

import type { GgufArchitecture, Layout } from "../architectures/parts/architecture.ts";

export interface TensorNames {
  /** In the checkpoint, with "#" for the number of an expert; undefined for a name that the architecture does not know. */
  readonly ofCheckpoint: (name: string) => string | undefined;
  /** In GGUF. */
  readonly ofGguf: (name: string) => string | undefined;
  /** By the name in GGUF. */
  readonly layoutOf: (name: string) => Layout | undefined;
  /** Whether it is written as F32 whatever the others are; by the name in GGUF. */
  readonly isWhole: (name: string) => boolean;
  /** Whether matrices of several experts lie in it; by the name in GGUF. */
  readonly hasExperts: (name: string) => boolean;
}

/** Stands for the number of an expert. */
export const EXPERT = "#";

export function tensorNames({ tensors, layouts, whole }: GgufArchitecture): TensorNames {
  const inverse = Object.fromEntries(Object.entries(tensors).map(([gguf, own]) => [own, gguf]));
  const ofCheckpoint = (name: string) => renamed(name, tensors);
  const ofAnyLayer = (name: string) => name.replace(LAYER, ".*.");
  return {
    ofCheckpoint,
    ofGguf: (name) => renamed(name, inverse),
    layoutOf: (name) => layouts[ofAnyLayer(name)],
    isWhole: (name) => whole.includes(ofAnyLayer(name)),
    hasExperts: (name) => ofCheckpoint(name)?.includes(EXPERT) ?? false,
  };
}

const LAYER = /\.(\d+)\./;
const ENDING = /\.(?:weight|bias)$/;

/** A name whose stem stands for another; the number of the layer and the ending stay, that of an expert goes. */
function renamed(name: string, stems: Readonly<Record<string, string>>): string | undefined {
  const layer = LAYER.exec(name)?.[1] ?? "";
  const ending = ENDING.exec(name)?.[0];
  if (ending === undefined) return undefined;
  const stem =
    stems[
      name
        .slice(0, -ending.length)
        .replace(/\.\d+(?=\.)/, ".*")
        .replace(/\.\d+(?=\.)/, `.${EXPERT}`)
    ];
  return stem === undefined ? undefined : stem.replace("*", layer) + ending;
}
