/** @file Datasets, and batches of them. */

export {
  assemble,
  type Batch,
  type BatchAnswers,
  type BatchSource,
  type BatchStream,
  evaluationBatches,
  pairBatches,
  pairEpochs,
  type PairBatchOptions,
  type SoftTargets,
  textBatches,
  type TextBatchOptions,
} from "./batches/batches.ts";
export {
  classBatch,
  type ClassifiedEncoding,
  type EncodedPair,
  encoderInputs,
  maskedBatch,
  pairedBatch,
} from "./batches/encoder-batches.ts";
export {
  type Encode,
  type EncodedPart,
  encodedParts,
  type PartsEncoding,
  textTokens,
} from "./sequences/documents.ts";
export { sharedTextTokens } from "./sequences/shared-texts.ts";
export { type TokenBuffer, tokenBuffer } from "./sequences/token-buffer.ts";
export {
  conversationSequences,
  type ConversationSequencesOptions,
} from "./sequences/conversations.ts";
export {
  batchesOf,
  cutAs,
  sortedEpochs,
  stretches,
  takenInSteps,
  type Epochs,
  type EpochOptions,
  type Taken,
  type Taking,
} from "./batches/epochs.ts";
export {
  type ExampleEncoding,
  fitExamples,
  type FitOptions,
  type Fitted,
} from "./sequences/fit.ts";
export { grammarPairs, heldOut } from "./grammar/grammar.ts";
export {
  type Augmentation,
  AUGMENTATIONS,
  imageBatch,
  imageBatches,
  type ClassifiedImage,
  imagesOf,
  type ImageBatchOptions,
  type View,
} from "./batches/image-batches.ts";
export { blockBatches, type BlockOptions, type Blocks } from "./batches/blocks.ts";
export { mixedOrder, type Order } from "./batches/mixed-order.ts";
export { mixedPasses } from "./batches/mixed-passes.ts";
export { chosenOf, maskTokens, type Masking, type MaskedTokens } from "./batches/masking.ts";
export { paddedLength, type PaddingOptions } from "./batches/padding.ts";
export { permutation } from "./batches/permutation.ts";
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
  lastAnswer,
  LEARNED,
  type Learned,
  learnedWhole,
  type PairSequencesOptions,
  pairSequence,
  pairSequences,
  promptIds,
  promptText,
  type PromptTemplate,
  textWindows,
  type PairSequences,
} from "./sequences/sequence.ts";
export { type Conversation, conversationReader } from "./examples/conversations.ts";
export { type ExampleKind } from "./examples/kinds.ts";
export {
  labelledReader,
  labelsOf,
  type LabelledColumns,
  type LabelledText,
} from "./examples/labelled.ts";
export { type Preference, preferenceReader, type Said } from "./examples/preferences.ts";
export {
  type PreferenceSequences,
  preferenceSequences,
  type PreferenceSequencesOptions,
} from "./sequences/preferences.ts";
export { type PlacedPreference, preferenceBatch } from "./batches/preference-batches.ts";
export { type PairColumns, pairReader, type SentencePair } from "./examples/pairs.ts";
export {
  type ExampleReader,
  readExamples,
  type ReadOptions,
  type RowReader,
} from "./examples/reader.ts";
export {
  lastGap,
  recut,
  type Seam,
  type TextPart,
  type TextParts,
  type TextEnds,
  type Texts,
  textsOf,
  type TextShare,
  type TextSource,
} from "./examples/texts.ts";
export {
  type DataColumns,
  type Examples,
  examplesOf,
  type InputRequest,
  type Passes,
} from "./examples-of.ts";
export { type Line, linesOf } from "./bytes/lines.ts";
export {
  detectFormat,
  extensionsFor,
  type FilesFormat,
  type Formats,
  FORMATS,
} from "./formats/registry.ts";
export type { RowShare, SharePlace } from "./bytes/row-share.ts";
export type { Format, OpenRequest, PlacedRow, Row, RowKind, RowSource } from "./formats/row.ts";
export { readTextFile, textChunks } from "./bytes/text-chunks.ts";
export { type DataInput, pathsOf, type Rows } from "./input.ts";
export {
  dealt,
  Elsewhere,
  isHere,
  type Own,
  type Shared,
  told,
  toldTexts,
} from "./shares/elsewhere.ts";
export {
  ownTokens,
  type SharedTokens,
  sharedTokens,
  type Stretch,
  type TokenRange,
} from "./shares/shared-tokens.ts";
export { counts, type Weighted } from "./examples/row-weight.ts";
