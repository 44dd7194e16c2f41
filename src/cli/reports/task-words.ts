/** @file What people want to know of a run, by what it learns. */

import type { Task } from "../../models/model.ts";
import type { StartEvent } from "../../runs/events.ts";

interface Made {
  readonly kind: "model" | "adapter";
  readonly directory: string;
  /** Whether it was trained on conversations. */
  readonly isChat: boolean;
  /** A text as the model was trained on. */
  readonly prompt: string;
}

interface TaskWords {
  /** What batches are made of. */
  readonly examples: string;
  /** What has a loss. */
  readonly unit: string;
  readonly hasPerplexity: boolean;
  /** What the share of right answers is called; absent where it says little. */
  readonly accuracyName?: string;
  /** The command that uses what a run left. */
  readonly use?: (made: Made) => string | undefined;
}

const generate = ({ kind, directory, isChat, prompt }: Made): string =>
  isChat ? `chat --${kind} ${directory}` : `generate --${kind} ${directory} --prompt ${prompt}`;

/** What a run learns, as people are told: the task of its model, or what is made of it. */
export type ReportedTask = Task | "preference";

/** What the run of an event learns. */
export const reportedTask = ({ config, task }: Pick<StartEvent, "config" | "task">): ReportedTask =>
  config.task === "preference" ? "preference" : task;

export const TASK_WORDS: Readonly<Record<ReportedTask, TaskWords>> = {
  causal: { examples: "sequences", unit: "tokens", hasPerplexity: true, use: generate },
  seq2seq: { examples: "pairs", unit: "tokens", hasPerplexity: true, use: generate },
  preference: { examples: "preferences", unit: "preferences", hasPerplexity: false, use: generate },
  masked: {
    examples: "sequences",
    unit: "hidden tokens",
    hasPerplexity: true,
    accuracyName: "accuracy",
    use: ({ kind, directory }) =>
      kind === "model" ? `train --model ${directory} --task classify --train data.tsv` : undefined,
  },
  classification: {
    examples: "texts",
    unit: "texts",
    hasPerplexity: false,
    accuracyName: "accuracy",
    use: ({ kind, directory }) => `classify --${kind} ${directory} --text "..."`,
  },
  embedding: {
    examples: "pairs",
    unit: "pairs",
    hasPerplexity: false,
    accuracyName: "found in the batch",
    use: ({ kind, directory }) => `embed --${kind} ${directory} --text "..." --compare "..."`,
  },
  "image-classification": {
    examples: "images",
    unit: "images",
    hasPerplexity: false,
    accuracyName: "accuracy",
    use: ({ kind, directory }) => `classify --${kind} ${directory} --image "..."`,
  },
};
