/** @file Datasets, and batches of them. */

export {
  type Batch,
  type BatchSource,
  evaluationBatches,
  pairBatches,
  textBatches,
} from "./batches/batches.ts";
export {
  classBatch,
  type ClassifiedEncoding,
  type EncodedPair,
  encoderInputs,
  maskedBatch,
  pairedBatch,
} from "./batches/encoder-batches.ts";
export { conversationSequences } from "./batches/conversations.ts";
export { type Conversation, readConversations } from "./formats/conversation.ts";
export { sortedEpochs, stretches, type Epochs, type EpochOptions } from "./batches/epochs.ts";
export { type ExampleEncoding, fitExamples, type FitOptions, type Fitted } from "./batches/fit.ts";
export { grammarPairs, heldOut } from "./grammar/grammar.ts";
export {
  type Augmentation,
  imageBatch,
  imageBatches,
  type ImageSet,
  imagesAt,
  type ImageBatchOptions,
  type View,
} from "./batches/image-batches.ts";
export {
  labelsOf,
  type LabelledColumns,
  type LabelledText,
  readLabelledTexts,
} from "./formats/labelled.ts";
export { chosenOf, maskTokens, type Masking, type MaskedTokens } from "./batches/masking.ts";
export { paddedLength, type PaddingOptions } from "./batches/padding.ts";
export type { SentencePair } from "./formats/pair.ts";
export { permutation } from "./batches/permutation.ts";
export { readTextFile } from "./formats/read-text.ts";
export {
  seq2seqBatches,
  seq2seqEvaluationBatches,
  type Seq2seqLengths,
  seq2seqLengths,
  type Seq2seqOptions,
  type Seq2seqSequence,
  seq2seqSequences,
} from "./batches/seq2seq-batches.ts";
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
  type PairSequences,
} from "./batches/sequence.ts";
export {
  type DataFormat,
  detectExamples,
  detectFormat,
  type ExampleKind,
  type PairSource,
  readPairs,
  readTexts,
} from "./formats/source.ts";
