/** @file The options that say what ranks exchange, and how often. */

import { EXCHANGE_DTYPES } from "../collective/coded-links.ts";
import type { OptionTable } from "./tables/option.ts";

export const RANK_OPTIONS: OptionTable = {
  syncEvery: {
    kind: "integer",
    above: 0,
    default: 1,
    help: "steps that ranks take by themselves before their weights are averaged; 1: gradients are added up in every step",
  },
  outerLearningRate: {
    kind: "number",
    above: 0,
    default: 0.7,
    help: "with syncEvery: how far weights move by the average change",
  },
  outerMomentum: {
    kind: "number",
    min: 0,
    below: 1,
    default: 0.9,
    help: "with syncEvery: decay of the Nesterov momentum of average changes",
  },
  exchangeDtype: {
    kind: "choice",
    choices: EXCHANGE_DTYPES,
    default: "float32",
    help: "as what ranks send each other their gradients; int8 in blocks of 64 with a scale each",
  },
};
