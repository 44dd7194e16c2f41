/** @file What is measured on one weight at every step of the experiment. */

import { Matrix } from "ml-matrix";
import { frobenius, relativeDistance, spectralNorm } from "../theory/matrix.ts";
import {
  type Adapters,
  adaptersOf,
  advance,
  compressedSum,
  type RecursionOptions,
  type RecursionState,
  startRecursion,
  updateOf,
} from "../theory/recursion.ts";

export interface ProbeState {
  /** [n, m] */
  readonly w0: Matrix;
  /** [r, m] */
  readonly a0: Matrix;
  readonly recursion: RecursionState;
  /** B before the step; nothing before the first. */
  readonly b?: Matrix;
  /** The length of B's way, Σ ||B_(t+1) - B_t||. */
  readonly way: number;
}

/** Norms are Frobenius norms where they are not called spectral. */
export interface ProbeNumbers {
  /** ||ΔW|| of LoRA. */
  readonly update: number;
  /** ||ΔW + η s² (Σ G) A_0ᵀ A_0|| / ||ΔW||: how far LoRA is from compressing its own gradients. */
  readonly distance: number;
  /** ||s B (A - A_0)|| / ||ΔW||: the second term of ΔW, what B alone leaves unexplained. */
  readonly secondTerm: number;
  /** η ||f_A||, spectral: how far A is from A_0. */
  readonly movement: number;
  /** s ||Σ G|| */
  readonly sumNorm: number;
  /**
   * ||A' - A|| / ||A||, and ||B' - B|| / Σ ||B_(t+1) - B_t||, A' and B' being those of the recursion. Each step of B rounds in
   * proportion to itself, and B may come back to where it was: its way is the measure, not its length.
   */
  readonly deviationA: number;
  readonly deviationB: number;
  /** ||ΔW of LoRA-FA - ΔW of the fixed projection|| / ||ΔW of LoRA-FA||; two runs that should be one. */
  readonly fixedDistance: number;
  /** ||ΔW of LoRA-FA - ΔW of LoRA|| / ||ΔW of LoRA||; two runs with gradients of their own. */
  readonly loraFaDistance: number;
}

/** What a step of training left behind. */
export interface Observation {
  /** G_t at LoRA's weights before the step, [n, m]. */
  readonly gradient: Matrix;
  readonly lora: Adapters;
  readonly loraFa: Adapters;
  /** The weight that the fixed projection trains, [n, m]. */
  readonly fixed: Matrix;
}

export const observeStart = (w0: Matrix, a0: Matrix): ProbeState => ({
  w0,
  a0,
  recursion: startRecursion(w0.rows, w0.columns),
  way: 0,
});

/** Advances the recursion, and compares it and its approximations with what was trained. */
export function stepProbe(
  { w0, a0, recursion: before, b, way: wayBefore }: ProbeState,
  options: RecursionOptions,
  { gradient, lora, loraFa, fixed }: Observation,
): { readonly state: ProbeState; readonly numbers: ProbeNumbers } {
  const recursion = advance(before, gradient, options);
  const predicted = adaptersOf(recursion, a0, options);
  const way = wayBefore + frobenius(b ? Matrix.sub(lora.b, b) : lora.b);
  const update = updateOf(lora, options);
  const ofLoraFa = updateOf(loraFa, options);
  const numbers = {
    update: frobenius(update),
    distance: relativeDistance(compressedSum(recursion, a0, options), update),
    secondTerm: secondTermShare(lora, a0),
    movement: options.rate * spectralNorm(recursion.fA),
    sumNorm: options.scale * frobenius(recursion.gradientSum),
    deviationA: relativeDistance(predicted.a, lora.a),
    deviationB: frobenius(Matrix.sub(predicted.b, lora.b)) / way,
    fixedDistance: relativeDistance(Matrix.sub(fixed, w0), ofLoraFa),
    loraFaDistance: relativeDistance(ofLoraFa, update),
  };
  return { state: { w0, a0, recursion, b: lora.b, way }, numbers };
}

/** ||B (A - A_0)|| / ||B A||; 0 where B is. */
export function secondTermShare({ a, b }: Adapters, a0: Matrix): number {
  const whole = frobenius(b.mmul(a));
  return whole === 0 ? 0 : frobenius(b.mmul(Matrix.sub(a, a0))) / whole;
}
