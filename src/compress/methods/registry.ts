/** @file The compressors by name. */

import type { CompressorDefinition } from "./definition.ts";
import * as compressors from "./compressors.ts";

/** The names of the compressors. */
export type CompressorName = keyof typeof compressors;

/** Each takes what it knows of the options of a run. */
export const COMPRESSORS: Readonly<Record<CompressorName, CompressorDefinition>> = compressors;

const isName = (name: string): name is CompressorName => name in compressors;

/** In the order of the alphabet. */
export const COMPRESSOR_NAMES: readonly CompressorName[] = Object.keys(compressors)
  .filter(isName)
  .toSorted();
