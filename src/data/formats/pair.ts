/** @file A text and what a model should answer to it: a sentence and its translation, say. */

export interface SentencePair {
  readonly source: string;
  readonly target: string;
}
