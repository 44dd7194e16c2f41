/** @file What the experiment of `dynamics.ts` is asked, and what it tells. */

import type { TrainConfig } from "../../options/config.ts";
import type { ProbeNumbers } from "./probe.ts";
import type { Spectrum } from "../theory/spectrum.ts";

/** What is trained, and what is looked at. */
export interface DynamicsOptions {
  /** The data, the model, the targets, rank, alpha and the rate η; the optimizer is SGD. */
  readonly config: TrainConfig;
  /** Steps of Adam on all parameters before the experiment. */
  readonly warmStart: number;
  /** Steps between the merges of ReLoRA. */
  readonly mergeEvery: number;
  /** Patterns of the targets that are measured; those of the middle block if absent. */
  readonly probes?: readonly string[];
}

/** What is trained side by side. */
export type Method = "LoRA" | "LoRA-FA" | "fixed projection" | "ReLoRA" | "FLORA" | "dense";

/** The first event: what is trained and looked at. */
export interface DynamicsStart {
  readonly type: "start";
  readonly data: string;
  readonly modelType: string;
  readonly targets: readonly string[];
  readonly probes: readonly Probe[];
  readonly steps: number;
  readonly rank: number;
  readonly rate: number;
  readonly scale: number;
  readonly regimes: readonly Regime[];
  readonly mergeEvery: number;
  readonly warmStart: number;
  readonly seed: number;
}

/** LoRA with another scale, whose rate makes up for it: η s² is the same. */
export interface Regime {
  /** s */
  readonly scale: number;
  /** η */
  readonly rate: number;
}

/** How LoRA fares under one scale and rate. */
export interface RegimeNumbers {
  readonly loss: number;
  /** The second term's part of ΔW, the largest of all probes. */
  readonly secondTerm: number;
}

/** A weight that is looked at. */
export interface Probe {
  readonly name: string;
  /** n, m: outputs and inputs. */
  readonly shape: readonly [number, number];
}

/** Progress before the experiment. */
export interface WarmEvent {
  readonly type: "warm";
  readonly step: number;
  readonly loss: number;
}

/** One step of all trainees. */
export interface DynamicsStep {
  readonly type: "step";
  /** Steps done. */
  readonly step: number;
  /** Mean training loss before the step, in nats per token. */
  readonly losses: Readonly<Record<Method, number>>;
  readonly probes: Readonly<Record<string, ProbeNumbers>>;
  /** In the order of the start event's. */
  readonly regimes: readonly RegimeNumbers[];
}

/** The last event: held-out losses and spectra. */
export interface DynamicsEnd {
  readonly type: "end";
  readonly heldOut: Readonly<Record<Method | "start", number>>;
  /** ΔW of every method, by probe. */
  readonly spectra: Readonly<Record<string, Readonly<Record<Method, Spectrum>>>>;
  /** ||ΔW|| of every method, by probe. */
  readonly norms: Readonly<Record<string, Readonly<Record<Method, number>>>>;
  readonly elapsedMs: number;
}

/** What the experiment tells while it runs. */
export type DynamicsEvent = DynamicsStart | WarmEvent | DynamicsStep | DynamicsEnd;

export const METHODS: readonly Method[] = [
  "LoRA",
  "LoRA-FA",
  "fixed projection",
  "ReLoRA",
  "FLORA",
  "dense",
];
