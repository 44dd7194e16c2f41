/** @file What a model says of whole texts and images: classes, vectors. */

export { type Classification, classifyTexts } from "./classify.ts";
export { classifyImages } from "./classify-images.ts";
export { cosineSimilarity, type EmbedOptions, embedTexts, similarityOf } from "./embed.ts";
export type { Text, PredictModel, PredictOptions } from "./texts.ts";
