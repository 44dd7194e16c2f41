/** @file What people want to know of a run, by what it learns. */

import type { Task } from "../../models/model.ts";

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

export const TASK_WORDS: Readonly<Record<Task, TaskWords>> = {
  causal: { examples: "sequences", unit: "tokens", hasPerplexity: true, use: generate },
  seq2seq: { examples: "pairs", unit: "tokens", hasPerplexity: true, use: generate },
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
