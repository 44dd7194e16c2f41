/** @file FLORA and dense training by their names. */

import { dense, flora } from "../flora-compressor.ts";
import type { CompressorDefinition } from "./definition.ts";

export const FLORA: CompressorDefinition = { label: "FLORA", create: flora };
export const DENSE: CompressorDefinition = { label: "dense", create: dense };
