/**
 * @file flora: full-rank training of transformers in LoRA-sized memory. What most programs need; the layers have entry points of
 * their own (`flora-train/engine`, `flora-train/graph`, ...).
 */

export { FormatError, ShapeError, UsageError } from "./errors.ts";
export { corpusBleu, rouge } from "./evaluate/index.ts";
export { adaptModel, chooseAdapters } from "./adapters/index.ts";
export {
  beamSearch,
  complete,
  completeText,
  createDecoder,
  generate,
  generateText,
  loadImageModel,
  loadModel,
} from "./generate/index.ts";
export { gpt2, type Model, modelFromConfig } from "./models/index.ts";
export { classifyImages, classifyTexts, cosineSimilarity, embedTexts } from "./predict/index.ts";
export { cpuRuntime } from "./runtime/node.ts";
export type { Runtime } from "./runtime/runtime.ts";
export { byteTokenizer, loadTokenizer, type Tokenizer } from "./text/index.ts";
export {
  parseConfig,
  predictMemory,
  type TrainConfig,
  type TrainEvent,
  type TrainOptions,
} from "./train/index.ts";
export { train } from "./node.ts";
export { loadWeights, readConfig, saveModel } from "./weights/index.ts";
