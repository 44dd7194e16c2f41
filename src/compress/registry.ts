/** @file The compressors by name. */

import type { Compressor } from "./compressor.ts";
import { dense, flora, type FloraOptions } from "./flora-compressor.ts";

/** The compressors by their names in options. */
export const COMPRESSOR_NAMES = ["flora", "dense"] as const;

/** The name of a compressor. */
export type CompressorName = (typeof COMPRESSOR_NAMES)[number];

/** Each takes what it knows of the options of a run. */
export const COMPRESSORS: Readonly<Record<CompressorName, (options: FloraOptions) => Compressor>> =
  { flora, dense };
