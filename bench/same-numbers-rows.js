/**
 * @file What `npm run same-numbers` trains: every method, optimizer, type of weights and architecture once, in models as small as they
 * can be, on data that are written here.
 *
 * A row has a name and the options of `flora train`. If it has `resume`, its run is done by the older code alone, stopped in the
 * midst of a step if it says `interrupt`, and what is compared is how both go on from that checkpoint, with the options of `resume`.
 */

import { join } from "node:path";
import { digitFolders, sentenceFiles } from "./data.js";

/** Every run saves a checkpoint at its end, so that the states of optimizers are compared too. */
const SHORT = {
  batchSize: 4,
  steps: 6,
  evaluateEvery: 3,
  evaluationBatches: 2,
  saveEvery: 100,
  translations: 0,
  rank: 8,
};

const GPT2 = { n_embd: 32, n_layer: 2, n_head: 2, n_positions: 32 };
const GPT2_DROPOUT = { ...GPT2, embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.3 };
const DECODER = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
};
const ENCODER = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};
const BERT = { model_type: "bert", ...ENCODER, max_position_embeddings: 32 };
const VIT = { model_type: "vit", ...ENCODER, image_size: 28, patch_size: 7, num_channels: 1 };
const T5 = { model_type: "t5", d_model: 32, d_ff: 64, d_kv: 8, num_heads: 4, num_layers: 2 };

/** A momentum that moves to another projection twice within a run. */
const MOMENTUM = { momentum: 0.5, projection: "orthonormal", resampleEvery: 3, steps: 8 };

/** Both moments, which move once; sooner they would grow without bound. */
const MOMENTS = { compressMoments: true, optimizer: "adam", resampleEvery: 8, steps: 10 };

/** Writes the data and returns the options of a model from which adapters start, all rows and the row that is timed. */
export async function prepareRows(folder, { isQuick }) {
  const { german, english, labelled, heldOut, tokenizer } = sentenceFiles(folder);
  const digits = await digitFolders(join(folder, "digits"), { train: 8, test: 3 });
  const checkpoint = join(folder, "checkpoint");

  // What is held out is named, so that revisions that would choose otherwise can be compared.
  const text = { ...SHORT, train: english, validation: heldOut.english, model: GPT2 };
  const adapters = { ...text, model: checkpoint };
  const pairs = {
    ...SHORT,
    train: [german, english],
    validation: [heldOut.german, heldOut.english],
  };
  const classes = {
    ...SHORT,
    train: labelled,
    validation: heldOut.labelled,
    task: "classify",
    labelColumn: 1,
    textColumn: 2,
  };
  const images = { ...SHORT, train: digits.train, validation: digits.test, model: VIT };
  const decoder = (model_type, fields) => ({
    ...text,
    model: { model_type, ...DECODER, ...fields },
  });

  const table = {
    demonstration: isQuick ? { steps: 12, evaluateEvery: 2, translations: 8 } : {},

    // Methods
    dense: { ...text, method: "dense" },
    "dense clipped": { ...text, method: "dense", microSteps: 2, maxGradNorm: 0.5 },
    flora: text,
    "flora clipped": { ...text, microSteps: 2, maxGradNorm: 0.5 },
    "flora resampled": { ...text, microSteps: 2, resampleEvery: 2 },
    "flora rademacher": { ...text, projection: "rademacher" },
    "flora orthonormal": { ...text, projection: "orthonormal" },
    "flora larger side": { ...text, side: "larger" },
    "flora rows": { ...text, side: "rows" },
    "flora columns": { ...text, side: "columns" },
    "flora some": { ...text, include: "h.*", exclude: "*mlp*" },
    "flora momentum": { ...text, ...MOMENTUM },
    "flora momentum clipped": { ...text, ...MOMENTUM, microSteps: 2, maxGradNorm: 0.5 },
    "flora reference momentum": { ...text, ...MOMENTUM, momentumRule: "reference" },
    "flora moments": { ...text, ...MOMENTS },
    "flora moments adamw": { ...text, ...MOMENTS, optimizer: "adamw", weightDecay: 0.1 },
    "flora int8": { ...text, microSteps: 2, accumulatorDtype: "int8" },
    "flora kept activations": { ...text, recompute: false },
    "flora chunks": { ...text, vocabularyChunk: 64 },
    "flora embeddings": { ...text, compressEmbeddings: true },
    "flora embeddings chunks": { ...text, compressEmbeddings: true, vocabularyChunk: 64 },
    dropout: { ...text, model: GPT2_DROPOUT },
    "dropout kept activations": { ...text, model: GPT2_DROPOUT, recompute: false },
    "from a checkpoint": adapters,
    bpe: { ...text, tokenizer: "bpe:300" },

    // Adapters
    lora: { ...adapters, method: "lora", optimizer: "adam" },
    "lora from scratch": { ...text, method: "lora", optimizer: "adam" },
    "lora patterns": {
      ...adapters,
      method: "lora",
      targets: "c_attn,c_fc",
      modulesToSave: "ln_f",
      rankPattern: { c_fc: 4 },
      alphaPattern: { c_fc: 16 },
    },
    "lora-fa": { ...adapters, method: "lora-fa", optimizer: "adam", microSteps: 2 },
    "lora+": { ...adapters, method: "lora+", optimizer: "adam", maxGradNorm: 0.5 },
    relora: { ...adapters, method: "relora", optimizer: "adam", mergeEvery: 3, steps: 8 },
    plora: { ...adapters, method: "plora", optimizer: "adam", mergeEvery: 2, unloadFraction: 0.5 },
    cola: { ...adapters, method: "cola", optimizer: "adam", mergeEvery: 2 },

    // Optimizers and rates
    sgd: { ...text, optimizer: "sgd" },
    momentum: { ...text, optimizer: "momentum", schedule: "linear", weightDecay: 0.1 },
    adam: { ...text, optimizer: "adam", schedule: "cosine", warmupSteps: 2 },
    adamw: {
      ...text,
      optimizer: "adamw",
      schedule: "inverse-sqrt",
      warmupSteps: 2,
      weightDecay: 0.1,
    },
    adafactor: { ...text, optimizer: "adafactor", weightDecay: 0.1 },
    muon: { ...text, optimizer: "muon", method: "dense" },
    "flora muon": { ...text, optimizer: "muon", microSteps: 2, resampleEvery: 2 },
    "flora muon clipped": { ...text, optimizer: "muon", maxGradNorm: 0.5, resampleEvery: 2 },
    "flora muon coordinates": { ...text, optimizer: "muon", projection: "coordinates" },

    // Weights in sixteen bits
    ...Object.fromEntries(
      ["bfloat16", "float16"].flatMap((weightDtype) =>
        ["stochastic", "nearest", "master"].map((weightUpdate) => [
          `${weightDtype} ${weightUpdate}`,
          { ...text, weightDtype, weightUpdate },
        ]),
      ),
    ),
    "bfloat16 lora": { ...adapters, method: "lora", optimizer: "adam", weightDtype: "bfloat16" },
    "bfloat16 output": { ...text, outputDtype: "bfloat16" },

    // Architectures
    gpt2: { ...pairs, model: { ...GPT2, n_positions: 64 } },
    llama: decoder("llama", {}),
    mistral: decoder("mistral", { sliding_window: 16 }),
    qwen2: decoder("qwen2", {}),
    qwen3: decoder("qwen3", {}),
    gemma: decoder("gemma", { head_dim: 8 }),
    gemma2: decoder("gemma2", { head_dim: 8, sliding_window: 16 }),
    t5: { ...pairs, model: T5, contextLength: 32 },
    "t5 dropout": { ...pairs, model: { ...T5, dropout_rate: 0.2 }, contextLength: 32 },
    "bert mask": { ...text, model: BERT, task: "mask", tokenizer },
    "bert classify": { ...classes, model: BERT, tokenizer },
    "bert dropout": { ...classes, model: { ...BERT, hidden_dropout_prob: 0.2 }, tokenizer },
    "bert embed": { ...pairs, model: BERT, task: "embed", tokenizer },
    vit: images,
    "vit crop": { ...images, augment: "crop" },
  };
  return {
    base: { output: checkpoint, options: { ...text, steps: 2 } },
    rows: [
      ...Object.entries(table).map(([name, options]) => ({ name, options })),
      { name: "resumed", options: { ...text, ...MOMENTUM, steps: 5 }, resume: { steps: 10 } },
      {
        name: "resumed relora",
        options: { ...adapters, method: "relora", optimizer: "adam", mergeEvery: 3, steps: 5 },
        resume: { steps: 10 },
      },
      {
        name: "interrupted",
        options: { ...text, ...MOMENTUM, microSteps: 8, maxGradNorm: 0.5, steps: 30 },
        interrupt: true,
        resume: {},
      },
    ],
    timed: {
      ...SHORT,
      train: english,
      validation: heldOut.english,
      model: { n_embd: 256, n_layer: 4, n_head: 4, n_positions: 128 },
      rank: 32,
      steps: 8,
      evaluateEvery: 8,
      saveEvery: 0,
    },
  };
}
