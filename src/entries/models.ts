/** @file Architectures, and adapters on them (LoRA and its family). */

export * from "../adapters/index.ts";
export * from "../models/index.ts";
