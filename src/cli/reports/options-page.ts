/** @file A file of options for `flora train`, with a comment for each that says why it is so, and what else it could be. */

import { stringify } from "yaml";
import type { ExampleKind } from "../../data/index.ts";

/** What a person answered, as it was written. */
export interface Answers {
  readonly train: readonly string[];
  readonly data: {
    readonly kind: ExampleKind | "labelled";
    readonly isChat: boolean;
    /** "200 conversations". */
    readonly description: string;
  };
  /** Empty for one that is made for the data. */
  readonly model: string;
  /** Whether the model has a chat template; undefined where none is needed. */
  readonly template: boolean | undefined;
  readonly method: string;
  /** Empty for what there is time for. */
  readonly epochs: string;
  readonly output: string;
}

export function optionsFile(answers: Answers): string {
  const { train, data, model, template, method, epochs, output } = answers;
  const isFromScratch = model === "";
  const isClassified = data.kind === "labelled";
  const needsTemplate = template === false || (isFromScratch && data.isChat);
  const lines = [
    "# A run of flora: flora train flora.yaml",
    "# Every option of flora train --help can stand here under its name; the command line wins.",
    "",
    `# ${data.description}. A part is held out; validation: FILE names another.`,
    entry("train", train.length === 1 ? train[0] : train),
    ...(isClassified
      ? [
          "# Classes are learned; without this line, to write such texts.",
          entry("task", "classify"),
        ]
      : []),
    "",
    ...(isFromScratch
      ? [
          "# No model is named: one is made that fits the data, this machine and the time.",
          `# model: ${isClassified ? "google-bert/bert-base-uncased" : "HuggingFaceTB/SmolLM2-135M"}`,
          entry("minutes", 10),
        ]
      : ["# What is trained further: a directory, or a name on the Hub.", entry("model", model)]),
    ...(needsTemplate
      ? [
          "",
          "# How conversations are written, as the model knows no way of its own; its marks become tokens.",
          "# Others are llama3, gemma, mistral, zephyr, alpaca and plain.",
          entry("chatTemplate", "chatml"),
        ]
      : []),
    "",
    "# flora trains all weights with compressed gradients, lora adapters, dense all weights as they are.",
    entry("method", method),
    "# rank: 32            # of projections or adapters; chosen by the width of the model",
    "# learningRate: 1e-3  # chosen by method and optimizer; the header of the run shows it",
    "",
    "# A step learns from batchSize x microSteps examples. More micro-steps take time and no memory.",
    entry("batchSize", isFromScratch ? 8 : 4),
    entry("microSteps", isFromScratch ? 1 : 2),
    ...(epochs === "" ? [] : [entry("epochs", Number(epochs))]),
    "",
    "# What is longer than the model's context: refuse, drop or truncate.",
    entry("tooLong", TOO_LONG[data.kind]),
    "",
    isClassified
      ? "# Held-out data are looked at ten times; the best model is kept."
      : "# Held-out data are looked at ten times; the best model is kept, and three prompts are answered.",
    "# patience: 3         # stop after so many evaluations without a better one",
    entry("output", output),
  ];
  return `${lines.join("\n")}\n`;
}

const TOO_LONG = {
  texts: "refuse",
  pairs: "drop",
  conversations: "drop",
  // Its beginning tells the class too.
  labelled: "truncate",
} as const;

/** One option as YAML. */
const entry = (name: string, value: unknown): string => stringify({ [name]: value }).trimEnd();
