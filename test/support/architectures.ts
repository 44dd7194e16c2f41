/**
 * What is proven of each architecture: the tables that tests run through, and the table of docs/support.md that is made of them.
 * `npm run pages` writes it.
 */

import { readFileSync } from "node:fs";
import * as architectures from "../../src/models/architectures/index.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import type { Task } from "../../src/models/model.ts";
import {
  CLASSIFIERS,
  configOf,
  DECODERS,
  EMBEDDERS,
  MASKED,
  readGeneration,
  SEQ2SEQ,
} from "../models/golden.ts";
import { alignedTable } from "./aligned-table.ts";

/** Small models in GGUF (test/golden/gguf), read in test/gguf/ and written in test/export/. */
export const GGUF_MODELS = [
  "llama",
  "llama3",
  "qwen2",
  "qwen3",
  "qwen3_moe",
  "gemma",
  "gemma2",
  "smollm3",
  "granite",
  "olmo2",
  "phi3",
  "gpt2",
] as const;

interface TinyRun {
  readonly task: Task;
  /** Fields of config.json; those of the vocabulary are filled in. */
  readonly model: Readonly<Record<string, unknown>>;
}

const encoder = {
  model_type: "bert",
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 128,
};

const distilled = {
  model_type: "distilbert",
  dim: 32,
  hidden_dim: 48,
  n_layers: 2,
  n_heads: 4,
  max_position_embeddings: 128,
};

const robertaClassifier = {
  model_type: "roberta",
  architectures: ["RobertaForSequenceClassification"],
};

const modern = {
  ...encoder,
  model_type: "modernbert",
  num_hidden_layers: 3,
  local_attention: 8,
  global_attn_every_n_layers: 2,
};

const encoderDecoder = {
  d_model: 32,
  d_kv: 8,
  d_ff: 48,
  num_layers: 2,
  num_decoder_layers: 3,
  num_heads: 4,
};

const decoder = {
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

/** Models that are trained, saved, trained on and used in test/e2e/architectures.test.ts. */
export const TINY_RUNS: readonly TinyRun[] = [
  { task: "causal", model: { model_type: "llama", ...decoder } },
  { task: "causal", model: { model_type: "mistral", ...decoder, sliding_window: 8 } },
  { task: "causal", model: { model_type: "qwen2", ...decoder, tie_word_embeddings: true } },
  { task: "causal", model: { model_type: "qwen3", ...decoder, head_dim: 16 } },
  { task: "causal", model: { model_type: "gemma", ...decoder, head_dim: 8 } },
  { task: "causal", model: { model_type: "gemma2", ...decoder, head_dim: 8, sliding_window: 8 } },
  { task: "causal", model: { model_type: "smollm3", ...decoder, no_rope_layers: [1, 0] } },
  { task: "causal", model: { model_type: "granite", ...decoder, residual_multiplier: 0.7 } },
  { task: "causal", model: { model_type: "olmo2", ...decoder } },
  { task: "causal", model: { model_type: "phi3", ...decoder, sliding_window: 8 } },
  {
    task: "causal",
    model: {
      model_type: "qwen3_moe",
      ...decoder,
      num_experts: 4,
      num_experts_per_tok: 2,
      moe_intermediate_size: 24,
      norm_topk_prob: true,
      mlp_only_layers: [0],
    },
  },
  { task: "masked", model: encoder },
  {
    task: "classification",
    model: { ...encoder, architectures: ["BertForSequenceClassification"] },
  },
  { task: "embedding", model: { ...encoder, architectures: ["BertModel"] } },
  { task: "masked", model: { ...encoder, model_type: "roberta" } },
  { task: "masked", model: distilled },
  {
    task: "classification",
    model: { ...distilled, architectures: ["DistilBertForSequenceClassification"] },
  },
  { task: "classification", model: { ...encoder, ...robertaClassifier } },
  { task: "masked", model: modern },
  {
    task: "classification",
    model: { ...modern, architectures: ["ModernBertForSequenceClassification"] },
  },
  { task: "embedding", model: { ...modern, architectures: ["ModernBertModel"] } },
  { task: "seq2seq", model: { model_type: "t5", ...encoderDecoder } },
  { task: "seq2seq", model: { model_type: "mt5", ...encoderDecoder } },
];

/** What a column is about. */
type Column = "numbers" | "generation" | "run" | "onnx" | "gguf";

interface Proof {
  readonly type: string;
  readonly column: Column;
  /** What the cell says. */
  readonly said: string;
}

/** Tests of one architecture alone, by a line that their file has to have. */
const ALONE: readonly (Proof & { readonly file: string; readonly line: string })[] = [
  {
    type: "gpt2",
    column: "numbers",
    said: "yes",
    file: "test/models/architectures/gpt2.test.ts",
    line: 'it("has the logits, the loss and the gradients of transformers"',
  },
  {
    type: "gpt2",
    column: "generation",
    said: "greedy",
    file: "test/generate/strategies/generate.test.ts",
    line: '"continues as transformers does, in batches of %i"',
  },
  {
    type: "gpt2",
    column: "generation",
    said: "beams",
    file: "test/generate/strategies/beam.test.ts",
    line: '"$options finds what transformers finds"',
  },
  {
    type: "gpt2",
    column: "run",
    said: "causal",
    file: "test/e2e/adapters.test.ts",
    line: 'it("generates as the merged model does, from its own base or a given one"',
  },
  {
    type: "gpt2",
    column: "run",
    said: "causal",
    file: "test/e2e/training.test.ts",
    line: 'it("a model that training goes on from"',
  },
  {
    type: "vit",
    column: "numbers",
    said: "yes",
    file: "test/models/architectures/encoders/vit.test.ts",
    line: 'it("has the logits, the loss and the gradients of transformers"',
  },
  {
    type: "vit",
    column: "run",
    said: "image-classification",
    file: "test/e2e/images.test.ts",
    line: 'it("is trained on, compressed and with an adapter, which can be merged into it"',
  },
  {
    type: "vit",
    column: "onnx",
    said: "image-classification",
    file: "test/export/graphs/encoder-graphs.test.ts",
    line: 'it("classifies images as transformers does"',
  },
];

/** Lines of `ALONE` that are no more where they were. */
export const staleProofs = (): readonly string[] =>
  ALONE.filter(({ file, line }) => !readFileSync(file, "utf8").includes(line)).map(
    ({ file, line }) => `${file}: ${line}`,
  );

const typeOf = ({ model_type: type }: Readonly<Record<string, unknown>>): string => String(type);

/** What golden models say in a column. */
const ofGoldens = (
  names: readonly Parameters<typeof configOf>[0][],
  column: Column,
  said: string | ((task: Task) => string),
): readonly Proof[] =>
  names.map((name) => {
    const config = configOf(name);
    const text = typeof said === "string" ? said : said(modelFromConfig(config).task);
    return { type: typeOf(config), column, said: text };
  });

function allProofs(): readonly Proof[] {
  const generators = [...DECODERS, ...SEQ2SEQ];
  const searched = generators.filter((name) => readGeneration(name).beams !== undefined);
  const compared = [...generators, ...MASKED, ...CLASSIFIERS, ...EMBEDDERS];
  return [
    ...ofGoldens(compared, "numbers", "yes"),
    ...ofGoldens(generators, "generation", "greedy"),
    ...ofGoldens(searched, "generation", "beams"),
    ...TINY_RUNS.map(({ task, model }) => ({
      type: typeOf(model),
      column: "run" as const,
      said: task,
    })),
    ...ofGoldens(compared, "onnx", (task) => task),
    ...GGUF_MODELS.map((name) => ({
      type: name === "llama3" ? "llama" : name,
      column: "gguf" as const,
      said: "in, out",
    })),
    ...ALONE,
  ];
}

/** The table: a row for each `model_type`, and in each cell what tests prove. */
export function architectureTable(): string {
  const proofs = allProofs();
  const types = Object.values(architectures).flatMap((each) => each.types);
  const columns: readonly Column[] = ["numbers", "generation", "run", "onnx", "gguf"];
  return alignedTable([
    [
      "`model_type`",
      "logits, gradients",
      "generation",
      "trained, saved, with FLORA and LoRA",
      "ONNX",
      "GGUF",
    ],
    ...types.map((type) => [
      `\`${type}\``,
      ...columns.map((column) => {
        const own = proofs.filter((each) => each.type === type && each.column === column);
        return [...new Set(own.map(({ said }) => said))].join(", ");
      }),
    ]),
  ]);
}
