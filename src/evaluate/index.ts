/** @file Metrics. */

export { type BleuScore, corpusBleu } from "./bleu.ts";
