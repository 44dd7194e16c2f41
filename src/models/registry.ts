/** @file The architectures, by `model_type`. */

import { UsageError } from "../errors.ts";
import { bert, BERT_TASKS } from "./bert.ts";
import type { ConfigFields } from "./config.ts";
import { gemma } from "./gemma.ts";
import { gemma2 } from "./gemma2.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import type { Model, Task } from "./model.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { t5 } from "./t5.ts";
import { vit } from "./vit.ts";

interface Architecture {
  readonly build: (fields: ConfigFields) => Model;
  /** The config fields of its rates of dropout, where they are not 0 by default. */
  readonly dropout?: readonly string[];
  /** What it learns, by `architectures` of config.json, where that decides. */
  readonly tasks?: Readonly<Record<string, Task>>;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  bert: {
    build: bert,
    dropout: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    tasks: BERT_TASKS,
  },
  gemma: { build: gemma },
  gemma2: { build: gemma2 },
  gpt2: { build: gpt2, dropout: ["embd_pdrop", "attn_pdrop", "resid_pdrop"] },
  llama: { build: llama },
  mistral: { build: mistral },
  mt5: { build: t5, dropout: ["dropout_rate"] },
  qwen2: { build: qwen2 },
  qwen3: { build: qwen3 },
  t5: { build: t5, dropout: ["dropout_rate"] },
  vit: { build: vit, tasks: { ViTForImageClassification: "image-classification" } },
};

/**
 * The model that a config.json describes; GPT-2 where it names no type.
 *
 * @throws {UsageError} if the architecture is not supported, or a field is out of range.
 */
export const modelFromConfig = (fields: ConfigFields): Model =>
  architectureOf(fields).build(fields);

/**
 * The model of some fields of a config.json, to be trained from scratch. There is no reason to
 * expect overfitting then: dropout is there for whoever asks.
 *
 * @throws {UsageError} as `modelFromConfig` does.
 */
export function modelFromScratch(fields: ConfigFields): Model {
  const { build, dropout = [] } = architectureOf(fields);
  return build({ ...Object.fromEntries(dropout.map((field) => [field, 0])), ...fields });
}

/**
 * What models of a type can learn, by `architectures` of config.json.
 *
 * @throws {UsageError} as `modelFromConfig` does.
 */
export function tasksOf(fields: ConfigFields): ReadonlyMap<string, Task> {
  const { build, tasks } = architectureOf(fields);
  return new Map(tasks ? Object.entries(tasks) : [["", build(fields).task]]);
}

/** The types of models of which `architectures` decides that they learn a task. */
export const typesFor = (task: Task): readonly string[] =>
  Object.entries(ARCHITECTURES).flatMap(([type, { tasks = {} }]) =>
    Object.values(tasks).includes(task) ? [type] : [],
  );

function architectureOf(fields: ConfigFields): Architecture {
  const type = fields["model_type"] ?? "gpt2";
  const known = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type);
  const architecture = known ? ARCHITECTURES[type] : undefined;
  if (architecture) return architecture;
  throw new UsageError(
    `model: supported types are ${Object.keys(ARCHITECTURES).join(", ")}; got ${JSON.stringify(type)}`,
  );
}
