/** @file The files of a model, and of an adapter in the format of peft, by the names that Hugging Face gives them. */

export const CONFIG = "config.json";
export const WEIGHTS = "model.safetensors";
export const INDEX = "model.safetensors.index.json";
export const ADAPTER_CONFIG = "adapter_config.json";
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";
export const GENERATION_CONFIG = "generation_config.json";
