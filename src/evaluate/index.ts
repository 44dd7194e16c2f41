/** @file Metrics of texts: BLEU and ROUGE. */

export { type BleuScore, corpusBleu } from "./bleu.ts";
export {
  type CorpusRouge,
  pairRouge,
  rouge,
  type RougeOptions,
  type RougeScore,
  type RougeScores,
} from "./rouge.ts";
