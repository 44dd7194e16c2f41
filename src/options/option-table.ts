/** @file The options of a training run, each with its range, its default and the sentence that explains it. */

import { z } from "zod";
import { PROJECTION_SIDES } from "../compress/flora-compressor.ts";
import type { GivenOptions } from "./config.ts";

const count = z.int().positive();
const paths = z.union([z.string().transform((path) => [path]), z.array(z.string()).min(1).max(2)]);
const patterns = z.union([
  z.string().transform((list) => list.split(",").filter((pattern) => pattern !== "")),
  z.array(z.string()),
]);

const table = z.record(z.string(), z.number().positive());

/** By name, in the order of the help. What a value may be is said there in words. */
export const OPTIONS: {
  readonly [Name in keyof GivenOptions]-?: z.ZodType<GivenOptions[Name]>;
} = {
  // Data
  train: paths
    .optional()
    .describe(
      "training file, two line-aligned files, or a folder of images; none: the built-in grammar",
    ),
  validation: paths.optional().describe("held-out file(s); none: a part of the training data"),
  task: z
    .enum(["text", "pairs", "mask", "classify", "embed"])
    .optional()
    .describe("what is learned; the model and the files tell if absent"),
  textColumn: z.string().default("text").describe("the column that holds text, by name or number"),
  pairColumn: z.string().optional().describe("the column of a second text that is classified too"),
  labelColumn: z.string().default("label").describe("the column that holds the class of a text"),
  sourceColumn: z.string().default("source").describe("the column that holds what is translated"),
  targetColumn: z.string().default("target").describe("the column that holds the answer"),
  augment: z
    .enum(["none", "flip", "crop"])
    .default("none")
    .describe("images: mirror half of them, and with crop move them by up to 4 pixels too"),
  prefix: z.string().default("").describe("stands before every source"),
  suffix: z
    .string()
    .optional()
    .describe("stands after every source; a line break, or nothing for encoder-decoder models"),
  tooLong: z
    .enum(["refuse", "drop", "truncate"])
    .default("refuse")
    .describe("what becomes of pairs longer than the context"),
  tokenizer: z
    .string()
    .default("bytes")
    .describe(
      '"bytes", "bpe:SIZE" learned from the data, a tokenizer.json, or a directory that has one',
    ),
  contextLength: count
    .optional()
    .describe("tokens a sequence may have; the model's limit if absent"),
  // Model
  model: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .default({})
    .describe(
      "a Hugging Face directory to start from, or fields of config.json to start from scratch",
    ),
  // Method
  method: z
    .enum(["flora", "dense", "lora", "lora-fa", "lora+", "relora", "plora", "cola"])
    .default("flora")
    .describe("how gradients are kept, or which adapters are trained instead"),
  rank: count
    .optional()
    .describe("rows of a projection, or rank of an adapter; 128 for flora and relora, else 8"),
  projection: z
    .enum(["gaussian", "rademacher", "orthonormal"])
    .default("gaussian")
    .describe("the family that projections are drawn from"),
  side: z
    .enum(PROJECTION_SIDES)
    .default("smaller")
    .describe("the dimension of a matrix that is projected"),
  include: patterns.default(["*"]).describe("parameters to compress, by name patterns"),
  exclude: patterns.default([]).describe("parameters to leave dense, by name patterns"),
  compressEmbeddings: z.boolean().default(false).describe("compress embedding tables too"),
  momentum: z.number().min(0).lt(1).default(0).describe("decay of the momentum; 0: none"),
  momentumRule: z
    .enum(["paper", "reference"])
    .default("paper")
    .describe("Algorithm 2, or what the reference code computes"),
  resampleEvery: count
    .optional()
    .describe("steps between projections; 1, with momentum or compressed moments 1000"),
  accumulatorDtype: z
    .enum(["float32", "int8"])
    .default("float32")
    .describe("how accumulated gradients of matrices are stored"),
  compressMoments: z
    .boolean()
    .default(false)
    .describe("flora with adam or adamw: keep both moments compressed"),
  // Adapters
  alpha: z
    .number()
    .positive()
    .optional()
    .describe("scale of an adapter, times its rank; 32 for relora, 16 for cola, else 8"),
  targets: patterns.default(["*"]).describe("linear maps that get adapters, by name patterns"),
  modulesToSave: patterns
    .optional()
    .describe(
      "modules that are trained whole beside adapters; from scratch and for relora all, else none",
    ),
  rankPattern: table.default({}).describe("ranks of the modules that fit a pattern"),
  alphaPattern: table.default({}).describe("alphas of the modules that fit a pattern"),
  rateRatio: z.number().positive().default(16).describe("lora+: rate of B, in units of A's"),
  mergeEvery: count
    .optional()
    .describe("steps between merges; relora 1000, plora a quarter of the run, cola a third"),
  restartWarmupSteps: z
    .int()
    .min(0)
    .optional()
    .describe("relora: steps of warm-up after a merge; 100, or a tenth of mergeEvery if less"),
  pruneState: z
    .number()
    .min(0)
    .max(1)
    .default(0.999)
    .describe("relora: share of the adapters' optimizer state that a merge sets to 0"),
  unloadFraction: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe("plora: part of an adapter that a merge moves into the weight"),
  // Weights
  weightDtype: z
    .enum(["float32", "float16", "bfloat16"])
    .default("float32")
    .describe("how matrices and embeddings are kept; they are cast to float32 at use"),
  weightUpdate: z
    .enum(["stochastic", "nearest", "master"])
    .default("stochastic")
    .describe("how weights in 16 bits are rounded, or a float32 master copy beside them"),
  // Optimizer
  optimizer: z
    .enum(["sgd", "momentum", "adam", "adamw", "adafactor"])
    .default("adafactor")
    .describe("what turns gradients into updates"),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe("peak rate; the optimizer's usual one if absent"),
  schedule: z
    .enum(["constant", "linear", "cosine", "inverse-sqrt"])
    .optional()
    .describe(
      "how the rate changes after the warm-up (if absent, constant, and cosine for relora)",
    ),
  warmupSteps: z.int().min(0).default(0).describe("steps in which the rate rises from 0"),
  weightDecay: z
    .number()
    .min(0)
    .optional()
    .describe("decoupled decay of matrices and embeddings; 0.01 for adamw, else 0"),
  hyperparameters: z
    .record(z.string(), z.number())
    .default({})
    .describe("numbers of the optimizer's own, as b2 of adam"),
  maxGradNorm: z.number().positive().optional().describe("clip gradients to this global norm"),
  // Run
  batchSize: count.default(8).describe("sequences in a micro-batch"),
  microSteps: count.default(1).describe("micro-batches in a step"),
  steps: count.optional().describe("optimizer steps; else epochs decide"),
  epochs: z
    .number()
    .positive()
    .optional()
    .describe("passes over the data, if steps are not given; 1"),
  seed: z.int().min(0).default(0).describe("seed of weights, order, dropout and projections"),
  recompute: z.boolean().default(true).describe("recompute activations instead of keeping them"),
  vocabularyChunk: count.default(4096).describe("rows of the output embedding computed at a time"),
  threads: count.optional().describe("threads of an operator; one per core if absent"),
  // Output
  output: z
    .string()
    .default("runs/flora")
    .describe("directory for the model, the log and checkpoints"),
  outputDtype: z
    .enum(["float32", "float16", "bfloat16"])
    .optional()
    .describe("how the model's weights are saved; as they were kept, if absent"),
  overwrite: z.boolean().default(false).describe("replace what the output directory holds"),
  resume: z.boolean().default(false).describe("go on from the output directory's checkpoint"),
  evaluateEvery: z.int().min(0).default(0).describe("steps between evaluations; 0: ten a run"),
  evaluationBatches: count.default(16).describe("batches of an evaluation"),
  saveEvery: z
    .int()
    .min(0)
    .default(0)
    .describe("steps between checkpoints; 0: only when interrupted"),
  translations: z
    .int()
    .min(0)
    .default(200)
    .describe("held-out pairs translated at the end, for BLEU and ROUGE"),
};
