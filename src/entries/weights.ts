/** @file Models on disk and on the Hugging Face Hub: safetensors, directories of models and of peft's adapters, downloads, uploads. */

export * from "../hub/index.ts";
export * from "../weights/index.ts";
