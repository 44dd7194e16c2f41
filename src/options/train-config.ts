/**
 * @file A complete set of options. Written from option-table.ts by `npm run options`: change the table, not this file.
 */

export interface TrainConfig {
  /** Training files, folders or globs of them, - for the standard input, two line-aligned files, or folders of images; none: the built-in grammar. */
  readonly train?: readonly string[] | undefined;
  /** Held-out file(s); none: a share of the training data. */
  readonly validation?: readonly string[] | undefined;
  /** The share of the training data that is held out, without validation files; 0.05 if absent. A number above 0 and below 1. */
  readonly holdout?: number | undefined;
  /** The seed by which it is held out; that of the run if absent. A whole number at least 0. */
  readonly holdoutSeed?: number | undefined;
  /** Examples in memory at a time, shuffled among themselves, of files that are larger; all, if absent. A whole number above 0. */
  readonly stream?: number | undefined;
  /** How much is drawn from each path of train, as weights; as much as it holds, if absent. */
  readonly mix?: readonly number[] | undefined;
  /** What is learned; the model and the files tell if absent. */
  readonly task?: "text" | "pairs" | "mask" | "classify" | "embed" | "preference" | undefined;
  /** The column that holds text, by name or number; text if absent. */
  readonly textColumn?: string | undefined;
  /** The column of a second text that is classified too. */
  readonly pairColumn?: string | undefined;
  /** The column that holds the class of a text; label if absent. */
  readonly labelColumn?: string | undefined;
  /** The column that holds what is translated or asked; source, or what is usual, if absent. */
  readonly sourceColumn?: string | undefined;
  /** The column that holds the answer; target, or what is usual, if absent. */
  readonly targetColumn?: string | undefined;
  /** The column that holds the messages of a conversation; messages, or what is usual, if absent. */
  readonly messagesColumn?: string | undefined;
  /** Images: mirror half of them, and with crop move them by up to 4 pixels too. Default: "none". */
  readonly augment: "none" | "flip" | "crop";
  /** Stands before every source. Default: "". */
  readonly prefix: string;
  /** Stands after every source; a line break, or nothing for encoder-decoder models. */
  readonly suffix?: string | undefined;
  /** Which tokens of pairs and conversations are learned: all answers, the last one alone, or everything that is read. Default: "answers". */
  readonly learn: "answers" | "last" | "all";
  /** Whose messages of a conversation are learned: assistant, tool say. Default: ["assistant"]. */
  readonly learnRoles: readonly string[];
  /** What becomes of pairs longer than the context. Default: "refuse". */
  readonly tooLong: "refuse" | "drop" | "truncate";
  /** "bytes", "bpe:SIZE" learned from the data, a tokenizer.json, or a directory that has one. Default: "bytes". */
  readonly tokenizer: string;
  /** How conversations are written: chatml, llama3, gemma, mistral, zephyr, alpaca, plain, a Jinja file, or its text; the tokenizer's own if absent. */
  readonly chatTemplate?: string | undefined;
  /** Tokens a sequence may have; the model's limit if absent. A whole number above 0. */
  readonly contextLength?: number | undefined;

  /** A Hugging Face directory to start from, or fields of config.json to start from scratch. Default: {}. */
  readonly model: string | Readonly<Record<string, unknown>>;

  /** How gradients are kept, or which adapters are trained instead. Default: "flora". */
  readonly method:
    | "apollo"
    | "apollo-mini"
    | "compact"
    | "dense"
    | "fira"
    | "flora"
    | "galore"
    | "gum"
    | "ldadam"
    | "lora-pre"
    | "lora"
    | "lora-fa"
    | "lora+"
    | "dora"
    | "relora"
    | "plora"
    | "cola";
  /** Rows of a projection, or rank of an adapter; for flora and other subspaces, and relora, 128, or a quarter of the model's width if less, else 8. A whole number above 0 and at most 1000000. */
  readonly rank?: number | undefined;
  /** The family that projections are drawn from; for flora orthonormal, else gaussian, if absent. */
  readonly projection: "gaussian" | "rademacher" | "orthonormal" | "coordinates";
  /** The dimension of a matrix that is projected. Default: "smaller". */
  readonly side: "smaller" | "larger" | "rows" | "columns" | "input" | "output";
  /** Parameters that are not trained, by name patterns. Default: []. */
  readonly freeze: readonly string[];
  /** Parameters to compress, by name patterns. Default: ["*"]. */
  readonly include: readonly string[];
  /** Parameters to leave dense, by name patterns. Default: []. */
  readonly exclude: readonly string[];
  /** Compress embedding tables too. Default: false. */
  readonly compressEmbeddings: boolean;
  /** Decay of the momentum; 0: none. A number at least 0 and below 1. Default: 0. */
  readonly momentum: number;
  /** Algorithm 2, or what the reference code computes. Default: "paper". */
  readonly momentumRule: "paper" | "reference";
  /** Steps between projections; 1, with momentum or compressed moments 1000, for muon 20, for galore and its kin 200. A whole number above 0. */
  readonly resampleEvery?: number | undefined;
  /** How accumulated gradients of matrices are stored. Default: "float32". */
  readonly accumulatorDtype: "float32" | "int8";
  /** FLORA with adam, adamw or momentum: keep their moments compressed. Default: false. */
  readonly compressMoments: boolean;

  /** Scale of an adapter, times its rank, 32 for relora, 16 for cola, else 8; or of updates, 1/4 for galore, fira, compact and lora-pre, 1 for apollo, gum and ldadam, 11.3 for apollo-mini. A number above 0. */
  readonly alpha: number;
  /** Where adapters begin: A at random and B with zeros, or both with the principal components of their weights, pissa. Default: "random". */
  readonly initAdapter: "random" | "pissa";
  /** Linear maps that get adapters, by name patterns. Default: ["*"]. */
  readonly targets: readonly string[];
  /** Modules that are trained whole beside adapters; from scratch and for relora all, else none. */
  readonly modulesToSave?: readonly string[] | undefined;
  /** Ranks of the modules that fit a pattern. Default: {}. */
  readonly rankPattern: Readonly<Record<string, number>>;
  /** Alphas of the modules that fit a pattern. Default: {}. */
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** LoRA+: rate of B, in units of A's. A number above 0. Default: 16. */
  readonly rateRatio: number;
  /** Steps between merges; relora 1000, plora a quarter of the run, cola a third. A whole number above 0. */
  readonly mergeEvery?: number | undefined;
  /** ReLoRA: steps of warm-up after a merge; 100, or a tenth of mergeEvery if less. A whole number at least 0. */
  readonly restartWarmupSteps?: number | undefined;
  /** ReLoRA: share of the adapters' optimizer state that a merge sets to 0. A number at least 0 and at most 1. Default: 0.999. */
  readonly pruneState: number;
  /** PLoRA: part of an adapter that a merge moves into the weight. A number above 0 and at most 1. Default: 1. */
  readonly unloadFraction: number;

  /** How matrices and embeddings are kept; they are cast to float32 at use. Default: "float32". */
  readonly weightDtype: "float32" | "float16" | "bfloat16";
  /** How the frozen linear maps beneath adapters are kept, int8 with a scale a row or 4 bits with one for each 32; as weightDtype says if absent. */
  readonly baseDtype?: "int8" | "q4" | undefined;
  /** How a base in int8 is multiplied in training: as float32, or with activations and cotangents in int8 too, which is faster and less exact. Default: "float32". */
  readonly compute: "float32" | "int8";
  /** How weights in 16 bits are rounded, or a float32 master copy beside them. Default: "stochastic". */
  readonly weightUpdate: "stochastic" | "nearest" | "master";

  /** What turns gradients into updates; for methods with moments in their subspaces adam, else adafactor. */
  readonly optimizer: "adafactor" | "adam" | "adamw" | "momentum" | "muon" | "scale" | "sgd";
  /** Peak rate; the usual one of method and optimizer, from scratch or in fine-tuning, if absent. A number above 0. */
  readonly learningRate?: number | undefined;
  /** How the rate changes after the warm-up. Default: "cosine". */
  readonly schedule: "constant" | "linear" | "cosine" | "wsd" | "inverse-sqrt";
  /** Steps in which the rate rises from 0; a twentieth of the run, at most 100, if absent. A whole number at least 0. */
  readonly warmupSteps?: number | undefined;
  /** Decoupled decay of matrices and embeddings; 0: none; 0.01 for adamw, else 0, if absent. A number at least 0. */
  readonly weightDecay?: number | undefined;
  /** Parameters that do not decay, by name patterns; norms and biases never do. Default: []. */
  readonly noDecay: readonly string[];
  /** Rates of the parameters that fit a pattern, in units of the run's. Default: {}. */
  readonly rateFactors: Readonly<Record<string, number>>;
  /** Numbers of the optimizer's own, b2 of adam say. Default: {}. */
  readonly hyperparameters: Readonly<Record<string, number>>;
  /** How chosen answers are compared with rejected ones: dpo and ipo beside the model before training, orpo without it; dpo if absent. */
  readonly preferenceLoss?: "dpo" | "ipo" | "orpo" | undefined;
  /** Dpo and ipo: how closely the model keeps to the one before training; orpo: the weight of the comparison; 0.1 if absent. A number above 0. */
  readonly preferenceBeta?: number | undefined;
  /** Learn from what a larger model of the same tokens says too: its directory or name, or teacher.safetensors of a run that had asked it. */
  readonly teacher?: string | undefined;
  /** How much of each target is the teacher's. A number above 0 and at most 1. Default: 0.5. */
  readonly teacherShare: number;
  /** The likeliest tokens of the teacher that are kept of each target. A whole number above 0 and at most 1024. Default: 32. */
  readonly teacherTokens: number;
  /** Share of each target that is spread over all tokens or classes, in training, or with dpo of pairs that may be the wrong way round; 0: none. A number at least 0 and below 1. Default: 0. */
  readonly labelSmoothing: number;
  /** Noise on the embeddings of tokens, in training: uniform up to this over the root of their count times their width; 0: none. A number at least 0. Default: 0. */
  readonly neftuneAlpha: number;
  /** Leave out steps whose loss jumps, and stop after so many in a row; 0: all are taken. A whole number at least 0. Default: 0. */
  readonly skipSpikes: number;
  /** Clip gradients to this global norm. A number above 0. */
  readonly maxGradNorm?: number | undefined;

  /** Sequences in a micro-batch. A whole number above 0 and at most 1000000. Default: 8. */
  readonly batchSize: number;
  /** Micro-batches in a step. A whole number above 0 and at most 1000000. Default: 1. */
  readonly microSteps: number;
  /** Optimizer steps; else epochs decide. A whole number above 0. */
  readonly steps?: number | undefined;
  /** Passes over the data, if steps are not given; 1. A number above 0. */
  readonly epochs?: number | undefined;
  /** Minutes that a model may take which is made for the data, where none is named. A number above 0. Default: 10. */
  readonly minutes: number;
  /** Minutes after which the run ends in good order, wherever it is. A number above 0. */
  readonly maxMinutes?: number | undefined;
  /** Seed of weights, order, dropout and projections. A whole number at least 0. Default: 0. */
  readonly seed: number;
  /** Activations that are computed once more instead of kept: less takes less time and more memory; if absent all, or less where that takes little. */
  readonly recompute?: "all" | "cheap" | "none" | undefined;
  /** As little memory as there can be, at the cost of time: weights lie on disk while they are not computed with, and on Linux freed memory goes back at once. Default: false. */
  readonly lowMemory: boolean;
  /** Rows of the output embedding computed at a time. A whole number above 0. Default: 4096. */
  readonly vocabularyChunk: number;
  /** What computes: native kernels on the CPU, or WebAssembly; auto takes the CPU where onnxruntime-node has a binary for it. Default: "auto". */
  readonly device: "auto" | "cpu" | "wasm" | "webgpu";
  /** Threads of an operator; one per core if absent. A whole number above 0 and at most 1024. */
  readonly threads?: number | undefined;

  /** Steps that ranks take by themselves before their weights are averaged; 1: gradients are added up in every step. A whole number above 0. Default: 1. */
  readonly syncEvery: number;
  /** With syncEvery: how far weights move by the average change. A number above 0. Default: 0.7. */
  readonly outerLearningRate: number;
  /** With syncEvery: decay of the Nesterov momentum of average changes. A number at least 0 and below 1. Default: 0.9. */
  readonly outerMomentum: number;
  /** As what ranks send each other their gradients; int8 in blocks of 64 with a scale each. Default: "float32". */
  readonly exchangeDtype: "float32" | "bfloat16" | "int8";

  /** Steps between evaluations; 0: ten a run, or fewer, so that they take a tenth of the time. A whole number at least 0. Default: 0. */
  readonly evaluateEvery: number;
  /** Minutes between evaluations, in place of steps. A number above 0. */
  readonly evaluateMinutes?: number | undefined;
  /** Batches of an evaluation; 16, or fewer in a run so short that they would take more than a tenth of its time. A whole number above 0. */
  readonly evaluationBatches?: number | undefined;
  /** The model that is left: of the best evaluation, or of the last step. Default: "best". */
  readonly keep: "best" | "last";
  /** By which held-out number an evaluation is the best: loss, accuracy, or, with some answers to held-out questions, bleu, rougeL or exact. Default: "loss". */
  readonly criterion: string;
  /** Evaluations without a better one after which the run ends; 0: it goes on. A whole number at least 0. Default: 0. */
  readonly patience: number;
  /** Held-out prompts that are answered at evaluations, to be looked at. A whole number at least 0. Default: 3. */
  readonly samples: number;
  /** Prompts to answer in their place, one a line. */
  readonly samplePrompts?: string | undefined;
  /** Held-out pairs translated at the end, for BLEU and ROUGE. A whole number at least 0. Default: 200. */
  readonly translations: number;

  /** Directory for the model, the log and checkpoints. Default: "runs/flora". */
  readonly output: string;
  /** How the model's weights are saved; as they were kept, if absent. */
  readonly outputDtype?: "float32" | "float16" | "bfloat16" | undefined;
  /** Replace what the output directory holds. Default: false. */
  readonly overwrite: boolean;
  /** Begin with the model that another run left, and with its options where none are given. */
  readonly from?: string | undefined;
  /** Begin with the weights and the optimizer's state of the last step of that run. Default: false. */
  readonly keepOptimizer: boolean;
  /** Go on with the run of the output directory. Default: false. */
  readonly resume: boolean;
  /** Peak rate from here on, of a run that goes on. A number above 0. */
  readonly resumeLearningRate?: number | undefined;
  /** Steps between checkpoints; 0: one in ten minutes. A whole number at least 0. Default: 0. */
  readonly saveEvery: number;
  /** Files beside the log in which other programs follow the run. Default: []. */
  readonly track: readonly ("tensorboard" | "csv" | "jsonl")[];
}
