/** @file Datasets, and batches of them. */

export {
  type Batch,
  type BatchSource,
  evaluationBatches,
  pairBatches,
  textBatches,
} from "./batches.ts";
export {
  classBatch,
  type ClassifiedEncoding,
  type EncodedPair,
  encoderInputs,
  maskedBatch,
  pairedBatch,
} from "./encoder-batches.ts";
export { type Conversation, conversationSequences, readConversations } from "./conversation.ts";
export { sortedEpochs, stretches } from "./epochs.ts";
export { type ExampleEncoding, fitExamples, type FitOptions, type Fitted } from "./fit.ts";
export { grammarPairs, heldOut } from "./grammar.ts";
export {
  type Augmentation,
  imageBatch,
  imageBatches,
  type ImageSet,
  imagesAt,
} from "./image-batches.ts";
export {
  labelsOf,
  type LabelledColumns,
  type LabelledText,
  readLabelledTexts,
} from "./labelled.ts";
export { chosenOf, maskTokens, type Masking } from "./masking.ts";
export { paddedLength, type PaddingOptions } from "./padding.ts";
export type { SentencePair } from "./pair.ts";
export { permutation } from "./permutation.ts";
export { readTextFile } from "./read-text.ts";
export {
  seq2seqBatches,
  seq2seqEvaluationBatches,
  type Seq2seqLengths,
  seq2seqLengths,
  type Seq2seqOptions,
  type Seq2seqSequence,
  seq2seqSequences,
} from "./seq2seq-batches.ts";
export {
  type LanguageModelSequence,
  type PairSequencesOptions,
  pairSequence,
  pairSequences,
  promptIds,
  promptText,
  type PromptTemplate,
  textTokens,
  textWindows,
} from "./sequence.ts";
export {
  type DataFormat,
  detectExamples,
  detectFormat,
  type ExampleKind,
  type PairSource,
  readPairs,
  readTexts,
} from "./source.ts";
