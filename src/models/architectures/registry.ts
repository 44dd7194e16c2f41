/** @file The architectures, by `model_type`. */

import { UsageError } from "../../errors.ts";
import { bert, BERT_TASKS } from "./encoders/bert.ts";
import { BERT_FIELDS } from "./encoders/bert-config.ts";
import type { ConfigFields } from "../config.ts";
import { gemma, GEMMA_FIELDS } from "./rotary/gemma.ts";
import { gemma2, GEMMA2_FIELDS } from "./rotary/gemma2.ts";
import { gpt2, GPT2_FIELDS } from "./gpt2.ts";
import { llama, LLAMA_FIELDS } from "./rotary/llama.ts";
import { mistral, MISTRAL_FIELDS } from "./rotary/mistral.ts";
import type { Model, Task } from "../model.ts";
import { qwen2, QWEN2_FIELDS } from "./rotary/qwen2.ts";
import { qwen3, QWEN3_FIELDS } from "./rotary/qwen3.ts";
import { t5 } from "./t5/t5.ts";
import { T5_FIELDS } from "./t5/t5-config.ts";
import { vit, VIT_FIELDS } from "./encoders/vit.ts";

interface Architecture {
  readonly build: (fields: ConfigFields) => Model;
  /** The fields of config.json that it knows. */
  readonly fields: readonly string[];
  /** The config fields of its rates of dropout, where they are not 0 by default. */
  readonly dropout?: readonly string[];
  /** What it learns, by `architectures` of config.json, where that decides. */
  readonly tasks?: Readonly<Record<string, Task>>;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  bert: {
    build: bert,
    fields: BERT_FIELDS,
    dropout: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    tasks: BERT_TASKS,
  },
  gemma: { build: gemma, fields: GEMMA_FIELDS },
  gemma2: { build: gemma2, fields: GEMMA2_FIELDS },
  gpt2: { build: gpt2, fields: GPT2_FIELDS, dropout: ["embd_pdrop", "attn_pdrop", "resid_pdrop"] },
  llama: { build: llama, fields: LLAMA_FIELDS },
  mistral: { build: mistral, fields: MISTRAL_FIELDS },
  mt5: { build: t5, fields: T5_FIELDS, dropout: ["dropout_rate"] },
  qwen2: { build: qwen2, fields: QWEN2_FIELDS },
  qwen3: { build: qwen3, fields: QWEN3_FIELDS },
  t5: { build: t5, fields: T5_FIELDS, dropout: ["dropout_rate"] },
  vit: {
    build: vit,
    fields: VIT_FIELDS,
    tasks: { ViTForImageClassification: "image-classification" },
  },
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

/** The fields of config.json that matter to a model, and those that matter to models of other types alone. */
export function knownFields(fields: ConfigFields): {
  readonly own: readonly string[];
  readonly foreign: ReadonlySet<string>;
} {
  const own = architectureOf(fields).fields;
  const all = Object.values(ARCHITECTURES).flatMap((architecture) => architecture.fields);
  return { own, foreign: new Set(all.filter((name) => !own.includes(name))) };
}

function architectureOf(fields: ConfigFields): Architecture {
  const type = fields["model_type"] ?? "gpt2";
  const known = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type);
  const architecture = known ? ARCHITECTURES[type] : undefined;
  if (architecture) return architecture;
  throw new UsageError(
    `model: supported types are ${Object.keys(ARCHITECTURES).join(", ")}; got ${JSON.stringify(type)}`,
  );
}
