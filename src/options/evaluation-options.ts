/** @file The options that say how a run is judged while it goes on, and which of its models is left. */

import type { OptionTable } from "./tables/option.ts";

export const EVALUATION_OPTIONS: OptionTable = {
  evaluateEvery: {
    kind: "integer",
    min: 0,
    default: 0,
    help: "steps between evaluations; 0: ten a run, or fewer, so that they take a tenth of the time",
    changeable: true,
  },
  evaluateMinutes: {
    kind: "number",
    above: 0,
    help: "minutes between evaluations, in place of steps",
    changeable: true,
  },
  evaluationBatches: {
    kind: "integer",
    above: 0,
    help: "batches of an evaluation; 16, or fewer in a run so short that they would take more than a tenth of its time",
    changeable: true,
  },
  keep: {
    kind: "choice",
    choices: ["best", "last"],
    default: "best",
    help: "the model that is left: of the best evaluation, or of the last step",
    changeable: true,
  },
  criterion: {
    kind: "text",
    default: "loss",
    help: "by which held-out number an evaluation is the best: loss, accuracy, or, with some answers to held-out questions, bleu, rougeL or exact",
    changeable: true,
  },
  patience: {
    kind: "integer",
    min: 0,
    default: 0,
    help: "evaluations without a better one after which the run ends; 0: it goes on",
    changeable: true,
  },
  samples: {
    kind: "integer",
    min: 0,
    default: 3,
    help: "held-out prompts that are answered at evaluations, to be looked at",
    changeable: true,
  },
  samplePrompts: {
    kind: "text",
    value: "FILE",
    help: "prompts to answer in their place, one a line",
    changeable: true,
  },
  translations: {
    kind: "integer",
    min: 0,
    default: 200,
    help: "held-out pairs translated at the end, for BLEU and ROUGE",
    changeable: true,
  },
};
