/**
 * @file What a training run tells. The console, the JSONL log and whatever else watches a run are consumers of these events, and
 * nothing calls back into the trainer.
 */

import type { ParameterPlan } from "../engine/plan.ts";
import type { Task } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";

/** One row of the memory table, in bytes. */
export interface MemoryRow {
  readonly name:
    | "weights"
    | "accumulators"
    | "whole gradients"
    | "optimizer state"
    | "activations"
    | "workspace"
    | "images"
    | "teacher"
    | "runtime";
  readonly predicted: number;
  /** Known at the end; rows that cannot be told apart are measured in the total only. */
  readonly measured?: number;
}

/** What a run takes in memory, in bytes: predicted before it, and measured at its end. */
export interface MemoryTable {
  readonly rows: readonly MemoryRow[];
  readonly predictedTotal: number;
  /** What weights take of the disk, where they lie there. */
  readonly disk?: number;
  /** Peak resident memory of the process, at the end. */
  readonly measuredTotal?: number;
  /** What weights, gradients and optimizer state would take with other methods, in bytes. */
  readonly alternatives: readonly { readonly name: string; readonly bytes: number }[];
}

/** The first event of a run: what will be trained, how, and on how much data. */
export interface StartEvent {
  readonly type: "start";
  readonly config: TrainConfig;
  /** What computes: "cpu" or "wasm", or the name of a runtime of one's own. */
  readonly device: string;
  /** The peak rate, and the steps in which it is reached. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly modelType: string;
  readonly task: Task;
  /** Parameters that were drawn because the checkpoint lacks them, as those of a new head. */
  readonly drawn: readonly string[];
  readonly parameterCount: number;
  readonly parameters: readonly ParameterPlan[];
  readonly memory: MemoryTable;
  /** "28,000 pairs, 1,000 held out, 257 tokens in the vocabulary". */
  readonly data: string;
  /** Whether these are conversations, which a model learns in its chat template. */
  readonly isChat: boolean;
  /** What else people should know of the data. */
  readonly notes: readonly string[];
  readonly totalSteps: number;
  /** Steps done before, when a run goes on. */
  readonly startStep: number;
  /** Steps between evaluations. */
  readonly evaluateEvery: number;
  /** What the steps that are left will take, roughly: by their operations and the speed of the machine. */
  readonly estimatedMs: number;
}

/** After each micro-batch; for progress only. */
export interface MicroStepEvent {
  readonly type: "micro-step";
  readonly step: number;
  readonly microStep: number;
}

/** One update of the weights, done. */
export interface StepEvent {
  readonly type: "step";
  /** Steps done, from 1. */
  readonly step: number;
  readonly totalSteps: number;
  /** Mean loss per token that counts, in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm of the (compressed) mean gradient before clipping; absent without `maxGradNorm`. */
  readonly gradNorm?: number;
  /** What the objective tells besides: the rewards of preferences. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Tokens of this step, padding not counted. */
  readonly tokens: number;
  readonly elapsedMs: number;
  readonly tokensPerSecond: number;
  readonly gflopsPerSecond: number;
  readonly etaMs: number;
  readonly residentBytes: number;
}

/** The loss on held-out data after so many steps. */
export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly step: number;
  /** Mean held-out loss per token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** The share of targets that the model thought the likeliest, 0 to 1. */
  readonly accuracy: number;
  /** What an objective of one's own tells besides, and the criterion, where answers are scored for it. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly elapsedMs: number;
}

/** Answers to held-out questions, and their BLEU. */
export interface TranslationEvent {
  readonly type: "translation";
  readonly step: number;
  /** Corpus BLEU of the held-out pairs and its sacreBLEU signature. */
  readonly bleu: number;
  readonly signature: string;
  /** Mean F of ROUGE-1, -2 and -L as rouge-score computes them without stemmer, in percent. */
  readonly rouge: { readonly rouge1: number; readonly rouge2: number; readonly rougeL: number };
  /** Scores of one's own. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly count: number;
  readonly elapsedMs: number;
  /** A few of them. */
  readonly samples: readonly {
    readonly source: string;
    /** The source with what stands around it. */
    readonly prompt: string;
    readonly target: string;
    readonly output: string;
  }[];
}

/** A model or a checkpoint is on disk. */
export interface SavedEvent {
  readonly type: "saved";
  readonly step: number;
  readonly path: string;
  readonly what: "model" | "checkpoint";
}

/** A few held-out prompts, answered by the model as it is. */
export interface SamplesEvent {
  readonly type: "samples";
  readonly step: number;
  readonly samples: readonly {
    readonly prompt: string;
    /** What is right; absent for prompts that were given. */
    readonly target?: string;
    readonly output: string;
  }[];
  readonly elapsedMs: number;
}

/** What people should know of a run while it goes on. */
export interface NoteEvent {
  readonly type: "note";
  readonly text: string;
}

/** Why a run ended: all is done; somebody stopped it; its time was over; it got no better; its loss rose, or was lost. */
export type EndReason =
  | "finished"
  | "interrupted"
  | "out of time"
  | "no better"
  | "diverged"
  | "not a number";

/** A held-out loss, in nats, after so many steps. */
export interface HeldOutLoss {
  readonly step: number;
  readonly loss: number;
}

/** The last event of a run, and why it is the last. */
export interface EndEvent {
  readonly type: "end";
  readonly reason: EndReason;
  readonly step: number;
  readonly totalSteps: number;
  /** Held-out losses before the first step, of the best evaluation after it, and of the last one. */
  readonly heldOut?: {
    readonly first?: HeldOutLoss;
    readonly best?: HeldOutLoss;
    readonly last?: HeldOutLoss;
  };
  /** Steps done in the model that is left; absent if none was saved. */
  readonly keptStep?: number;
  /** Steps that were left out, since their loss was too high. */
  readonly spikes?: number;
  readonly elapsedMs: number;
  readonly memory: MemoryTable;
  /** Shares of the training time spent drawing projections, and outside onnxruntime altogether, 0 to 1. */
  readonly projectionShare: number;
  readonly overheadShare: number;
  /** What happened, where the run did not finish. */
  readonly message?: string;
  /** Steps done in the checkpoint that the run can go on from; absent if there is none. */
  readonly checkpointStep?: number;
}

/** What training tells while it runs, in this order: start, then steps with evaluations between them, then end. */
export type TrainEvent =
  | StartEvent
  | MicroStepEvent
  | StepEvent
  | EvaluationEvent
  | SamplesEvent
  | TranslationEvent
  | SavedEvent
  | NoteEvent
  | EndEvent;
