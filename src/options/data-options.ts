/** @file The options that say what is read, and how it becomes examples. */

import { AUGMENTATIONS } from "../data/batches/image-batches.ts";
import { LEARNED } from "../data/sequences/sequence.ts";
import { TASK_NAMES } from "./tables/names.ts";
import type { OptionTable } from "./tables/option.ts";

export const DATA_OPTIONS: OptionTable = {
  train: {
    kind: "paths",
    help: "training files, folders or globs of them, - for the standard input, two line-aligned files, or folders of images; none: the built-in grammar",
    changeable: true,
  },
  validation: {
    kind: "paths",
    help: "held-out file(s); none: a share of the training data",
    changeable: true,
  },
  holdout: {
    kind: "number",
    above: 0,
    below: 1,
    help: "the share of the training data that is held out, without validation files; 0.05 if absent",
  },
  holdoutSeed: {
    kind: "integer",
    min: 0,
    help: "the seed by which it is held out; that of the run if absent",
  },
  stream: {
    kind: "integer",
    above: 0,
    help: "examples in memory at a time, shuffled among themselves, of files that are larger; all, if absent",
  },
  mix: {
    kind: "numbers",
    above: 0,
    help: "how much is drawn from each path of train, as weights; as much as it holds, if absent",
  },
  task: {
    kind: "choice",
    choices: TASK_NAMES,
    help: "what is learned; the model and the files tell if absent",
  },
  textColumn: {
    kind: "text",
    help: "the column that holds text, by name or number; text if absent",
    changeable: true,
  },
  pairColumn: {
    kind: "text",
    help: "the column of a second text that is classified too",
    changeable: true,
  },
  labelColumn: {
    kind: "text",
    help: "the column that holds the class of a text; label if absent",
    changeable: true,
  },
  sourceColumn: {
    kind: "text",
    help: "the column that holds what is translated or asked; source, or what is usual, if absent",
    changeable: true,
  },
  targetColumn: {
    kind: "text",
    help: "the column that holds the answer; target, or what is usual, if absent",
    changeable: true,
  },
  messagesColumn: {
    kind: "text",
    help: "the column that holds the messages of a conversation; messages, or what is usual, if absent",
    changeable: true,
  },
  augment: {
    kind: "choice",
    choices: AUGMENTATIONS,
    default: "none",
    help: "images: mirror half of them, and with crop move them by up to 4 pixels too",
  },
  prefix: { kind: "text", default: "", help: "stands before every source" },
  suffix: {
    kind: "text",
    help: "stands after every source; a line break, or nothing for encoder-decoder models",
  },
  learn: {
    kind: "choice",
    choices: LEARNED,
    default: "answers",
    help: "which tokens of pairs and conversations are learned: all answers, the last one alone, or everything that is read",
  },
  learnRoles: {
    kind: "list",
    default: ["assistant"],
    help: "whose messages of a conversation are learned: assistant, tool say",
  },
  tooLong: {
    kind: "choice",
    choices: ["refuse", "drop", "truncate"],
    default: "refuse",
    help: "what becomes of pairs longer than the context",
    changeable: true,
  },
  tokenizer: {
    kind: "text",
    default: "bytes",
    help: '"bytes", "bpe:SIZE" learned from the data, a tokenizer.json, or a directory that has one',
    changeable: true,
  },
  chatTemplate: {
    kind: "text",
    value: "NAME",
    help: "how conversations are written: chatml, llama3, gemma, mistral, zephyr, alpaca, plain, a Jinja file, or its text; the tokenizer's own if absent",
  },
  contextLength: {
    kind: "integer",
    above: 0,
    help: "tokens a sequence may have; the model's limit if absent",
  },
};
