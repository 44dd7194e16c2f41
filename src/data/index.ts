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
export { sortedEpochs, stretches } from "./epochs.ts";
export { type ExampleEncoding, fitExamples, type FitOptions, type Fitted } from "./fit.ts";
export { grammarPairs, heldOut } from "./grammar.ts";
export {
  labelsOf,
  type LabelledColumns,
  type LabelledText,
  readLabelledTexts,
} from "./labelled.ts";
export { chosenOf, maskTokens, type Masking } from "./masking.ts";
export type { PaddingOptions } from "./padding.ts";
export type { SentencePair } from "./pair.ts";
export { permutation } from "./permutation.ts";
export { readTextFile } from "./read-text.ts";
export {
  type LanguageModelSequence,
  type PairSequences,
  type PairSequencesOptions,
  pairSequence,
  pairSequences,
  promptIds,
  type PromptTemplate,
  textTokens,
  textWindows,
} from "./sequence.ts";
export { type DataFormat, detectFormat, type PairSource, readPairs, readTexts } from "./source.ts";
