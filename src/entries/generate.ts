/**
 * @file What a trained model says: continuations of prompts, classes, embeddings; how good that is (BLEU, ROUGE), and the model as
 * ONNX for transformers.js.
 */

export * from "../evaluate/index.ts";
export * from "../export/index.ts";
export * from "../generate/index.ts";
export * from "../predict/index.ts";
