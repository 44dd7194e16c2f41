/**
 * @file The options of a training run, by group: the kind of each, its range, its default and the sentence that explains it. The
 * check, the command line, the help, the JSON Schema and the type `TrainConfig` (`npm run options` writes it) are made from them.
 */

import { RECOMPUTATIONS } from "../autodiff/index.ts";
import { ACCUMULATOR_DTYPES } from "../compress/accumulator.ts";
import { FAMILY_NAMES } from "../compress/families.ts";
import { PROJECTION_SIDES } from "../compress/choice.ts";
import { MOMENTUM_RULES } from "../compress/flora-compressor.ts";
import { PREFERENCE_LOSSES } from "../engine/objectives/preference.ts";
import { BASE_DTYPES, COMPUTE_DTYPES } from "../nn/weights-at-rest.ts";
import { WEIGHT_DTYPES, WEIGHT_UPDATES } from "../optim/rounding.ts";
import { OPTIMIZER_NAMES } from "../optim/registry.ts";
import { SCHEDULES } from "../optim/schedule.ts";
import { DEVICES } from "../runtime/device-options.ts";
import { ADAPTER_OPTIONS } from "./adapter-options.ts";
import { DATA_OPTIONS } from "./data-options.ts";
import { EVALUATION_OPTIONS } from "./evaluation-options.ts";
import { RANK_OPTIONS } from "./rank-options.ts";
import { METHODS, TRACKER_NAMES } from "./tables/names.ts";
import type { OptionTable } from "./tables/option.ts";

/** In the order of the help. */
export const OPTION_GROUPS: Readonly<Record<string, OptionTable>> = {
  data: DATA_OPTIONS,
  model: {
    model: {
      kind: "model",
      default: {},
      help: "a Hugging Face directory to start from, or fields of config.json to start from scratch",
      changeable: true,
    },
  },
  method: {
    method: {
      kind: "choice",
      choices: METHODS,
      default: "flora",
      help: "how gradients are kept, or which adapters are trained instead",
    },
    rank: {
      kind: "integer",
      above: 0,
      max: 1e6,
      help: "rows of a projection, or rank of an adapter; for flora and other subspaces, and relora, 128, or a quarter of the model's width if less, else 8",
    },
    projection: {
      kind: "choice",
      choices: FAMILY_NAMES,
      byMethod: true,
      help: "the family that projections are drawn from; for flora orthonormal, else gaussian, if absent",
    },
    side: {
      kind: "choice",
      choices: PROJECTION_SIDES,
      default: "smaller",
      help: "the dimension of a matrix that is projected",
    },
    freeze: {
      kind: "list",
      default: [],
      help: "parameters that are not trained, by name patterns",
    },
    include: { kind: "list", default: ["*"], help: "parameters to compress, by name patterns" },
    exclude: { kind: "list", default: [], help: "parameters to leave dense, by name patterns" },
    compressEmbeddings: { kind: "flag", default: false, help: "compress embedding tables too" },
    momentum: {
      kind: "number",
      min: 0,
      below: 1,
      default: 0,
      help: "decay of the momentum; 0: none",
    },
    momentumRule: {
      kind: "choice",
      choices: MOMENTUM_RULES,
      default: "paper",
      help: "Algorithm 2, or what the reference code computes",
    },
    resampleEvery: {
      kind: "integer",
      above: 0,
      help: "steps between projections; 1, with momentum or compressed moments 1000, for muon 20, for galore and its kin 200",
    },
    accumulatorDtype: {
      kind: "choice",
      choices: ACCUMULATOR_DTYPES,
      default: "float32",
      help: "how accumulated gradients of matrices are stored",
    },
    compressMoments: {
      kind: "flag",
      default: false,
      help: "flora with adam, adamw or momentum: keep their moments compressed",
    },
  },
  adapters: ADAPTER_OPTIONS,
  weights: {
    weightDtype: {
      kind: "choice",
      choices: WEIGHT_DTYPES,
      default: "float32",
      help: "how matrices and embeddings are kept; they are cast to float32 at use",
    },
    baseDtype: {
      kind: "choice",
      choices: BASE_DTYPES,
      help: "how the frozen linear maps beneath adapters are kept, int8 with a scale a row or 4 bits with one for each 32; as weightDtype says if absent",
    },
    compute: {
      kind: "choice",
      choices: COMPUTE_DTYPES,
      default: "float32",
      help: "how a base in int8 is multiplied in training: as float32, or with activations and cotangents in int8 too, which is faster and less exact",
    },
    weightUpdate: {
      kind: "choice",
      choices: WEIGHT_UPDATES,
      default: "stochastic",
      help: "how weights in 16 bits are rounded, or a float32 master copy beside them",
    },
  },
  optimizer: {
    optimizer: {
      kind: "choice",
      choices: OPTIMIZER_NAMES,
      byMethod: true,
      help: "what turns gradients into updates; for methods with moments in their subspaces adam, else adafactor",
    },
    learningRate: {
      kind: "number",
      above: 0,
      help: "peak rate; the usual one of method and optimizer, from scratch or in fine-tuning, if absent",
    },
    schedule: {
      kind: "choice",
      choices: SCHEDULES,
      default: "cosine",
      help: "how the rate changes after the warm-up",
    },
    warmupSteps: {
      kind: "integer",
      min: 0,
      help: "steps in which the rate rises from 0; a twentieth of the run, at most 100, if absent",
    },
    weightDecay: {
      kind: "number",
      min: 0,
      help: "decoupled decay of matrices and embeddings; 0: none; 0.01 for adamw, else 0, if absent",
    },
    noDecay: {
      kind: "list",
      default: [],
      help: "parameters that do not decay, by name patterns; norms and biases never do",
    },
    rateFactors: {
      kind: "table",
      above: 0,
      default: {},
      help: "rates of the parameters that fit a pattern, in units of the run's",
    },
    hyperparameters: {
      kind: "table",
      default: {},
      help: "numbers of the optimizer's own, b2 of adam say",
    },
    preferenceLoss: {
      kind: "choice",
      choices: PREFERENCE_LOSSES,
      help: "how chosen answers are compared with rejected ones: dpo and ipo beside the model before training, orpo without it; dpo if absent",
    },
    preferenceBeta: {
      kind: "number",
      above: 0,
      help: "dpo and ipo: how closely the model keeps to the one before training; orpo: the weight of the comparison; 0.1 if absent",
    },
    teacher: {
      kind: "text",
      value: "MODEL",
      help: "learn from what a larger model of the same tokens says too: its directory or name, or teacher.safetensors of a run that had asked it",
    },
    teacherShare: {
      kind: "number",
      above: 0,
      max: 1,
      default: 0.5,
      help: "how much of each target is the teacher's",
    },
    teacherTokens: {
      kind: "integer",
      above: 0,
      max: 1024,
      default: 32,
      help: "the likeliest tokens of the teacher that are kept of each target",
    },
    labelSmoothing: {
      kind: "number",
      min: 0,
      below: 1,
      default: 0,
      help: "share of each target that is spread over all tokens or classes, in training, or with dpo of pairs that may be the wrong way round; 0: none",
    },
    neftuneAlpha: {
      kind: "number",
      min: 0,
      default: 0,
      help: "noise on the embeddings of tokens, in training: uniform up to this over the root of their count times their width; 0: none",
    },
    skipSpikes: {
      kind: "integer",
      min: 0,
      default: 0,
      help: "leave out steps whose loss jumps, and stop after so many in a row; 0: all are taken",
    },
    maxGradNorm: { kind: "number", above: 0, help: "clip gradients to this global norm" },
  },
  run: {
    batchSize: {
      kind: "integer",
      above: 0,
      max: 1e6,
      default: 8,
      help: "sequences in a micro-batch",
    },
    microSteps: {
      kind: "integer",
      above: 0,
      max: 1e6,
      default: 1,
      help: "micro-batches in a step",
    },
    steps: {
      kind: "integer",
      above: 0,
      help: "optimizer steps; else epochs decide",
      changeable: true,
    },
    epochs: {
      kind: "number",
      above: 0,
      help: "passes over the data, if steps are not given; 1",
      changeable: true,
    },
    minutes: {
      kind: "number",
      above: 0,
      default: 10,
      help: "minutes that a model may take which is made for the data, where none is named",
      changeable: true,
    },
    maxMinutes: {
      kind: "number",
      above: 0,
      help: "minutes after which the run ends in good order, wherever it is",
      changeable: true,
    },
    seed: {
      kind: "integer",
      min: 0,
      default: 0,
      help: "seed of weights, order, dropout and projections",
    },
    recompute: {
      kind: "choice",
      choices: RECOMPUTATIONS,
      help: "activations that are computed once more instead of kept: less takes less time and more memory; if absent all, or less where that takes little",
      changeable: true,
    },
    lowMemory: {
      kind: "flag",
      default: false,
      help: "as little memory as there can be, at the cost of time: weights lie on disk while they are not computed with, and on Linux freed memory goes back at once",
      changeable: true,
    },
    vocabularyChunk: {
      kind: "integer",
      above: 0,
      default: 4096,
      help: "rows of the output embedding computed at a time",
    },
    device: {
      kind: "choice",
      choices: DEVICES,
      default: "auto",
      help: "what computes: native kernels on the CPU, or WebAssembly; auto takes the CPU where onnxruntime-node has a binary for it",
      changeable: true,
    },
    threads: {
      kind: "integer",
      above: 0,
      max: 1024,
      help: "threads of an operator; one per core if absent",
      changeable: true,
    },
  },
  ranks: RANK_OPTIONS,
  evaluation: EVALUATION_OPTIONS,
  output: {
    output: {
      kind: "text",
      default: "runs/flora",
      help: "directory for the model, the log and checkpoints",
      changeable: true,
    },
    outputDtype: {
      kind: "choice",
      choices: WEIGHT_DTYPES,
      help: "how the model's weights are saved; as they were kept, if absent",
      changeable: true,
    },
    overwrite: {
      kind: "flag",
      default: false,
      help: "replace what the output directory holds",
      changeable: true,
    },
    from: {
      kind: "text",
      value: "RUN",
      help: "begin with the model that another run left, and with its options where none are given",
      changeable: true,
    },
    keepOptimizer: {
      kind: "flag",
      default: false,
      help: "begin with the weights and the optimizer's state of the last step of that run",
      changeable: true,
    },
    resume: {
      kind: "flag",
      default: false,
      help: "go on with the run of the output directory",
      changeable: true,
    },
    resumeLearningRate: {
      kind: "number",
      above: 0,
      help: "peak rate from here on, of a run that goes on",
      changeable: true,
    },
    saveEvery: {
      kind: "integer",
      min: 0,
      default: 0,
      help: "steps between checkpoints; 0: one in ten minutes",
      changeable: true,
    },
    track: {
      kind: "list",
      choices: TRACKER_NAMES,
      default: [],
      help: "files beside the log in which other programs follow the run",
      changeable: true,
    },
  },
};

/** What a YAML file and a command line may name beside the options of a run; it is fetched before the run. */
export const INPUT_OPTIONS: OptionTable = {
  dataset: {
    kind: "text",
    value: "NAME",
    help: "a dataset on the Hub, owner/name; train and validation then name files of it",
  },
};

/** All options of a run by name. */
export const OPTIONS: OptionTable = Object.fromEntries(
  Object.values(OPTION_GROUPS).flatMap((group) => Object.entries(group)),
);
