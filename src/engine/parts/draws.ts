/**
 * @file The random numbers of a run, by what they are for. Equal keys are equal numbers, so nothing random is stored: a projection
 * is drawn when it is needed, and a dropout mask once for the forward and once for the backward pass.
 */

import { floats } from "../../runtime/buffers.ts";
import type { ParamSpec } from "../../nn/params.ts";
import type { DrawnSubspace } from "../../compress/compressor.ts";
import {
  fillHalfWords,
  fillKeepMask,
  fillNormal,
  fillUniform,
  foldIn,
  type Key,
  randomKey,
} from "../../random/index.ts";
import type { Buffer } from "../../runtime/runtime.ts";

/** The random numbers of a run, each a function of the seed, a name and a count. */
export interface Draws {
  /** Initial values of a parameter; others in every cycle, for what is drawn again. */
  initialize(name: string, spec: ParamSpec, out: Float32Array, cycle?: number): void;
  /** The projection matrix of a parameter in a cycle, [rank, dimension]. */
  subspace(name: string, cycle: number, subspace: DrawnSubspace, a: Buffer): void;
  /** A number from 0 to 1 for a parameter in a cycle. */
  chance(name: string, cycle: number): number;
  /** The dropout mask of a stage in a micro-step of the run. */
  mask(stage: number, name: string, microStep: number, rate: number, mask: Buffer): void;
  /** What a stage adds to the embeddings of tokens in a micro-step, uniform between -bound and bound. */
  embeddingNoise(stage: number, microStep: number, bound: number, noise: Buffer): void;
  /** Random bits for rounding a parameter, so many an entry, at a place that is counted by `position`. */
  noise(name: string, position: readonly number[], bits: number, noise: Buffer): void;
  /** Milliseconds spent drawing projections. */
  projectionMs(): number;
}

/** The key of the order of the data. */
export const dataKey = (seed: number): Key => foldIn(randomKey(seed), "data");

export function createDraws(seed: number): Draws {
  const root = randomKey(seed);
  const keys = {
    weights: foldIn(root, "weights"),
    projections: foldIn(root, "projections"),
    chances: foldIn(root, "chances"),
    masks: foldIn(root, "masks"),
    noise: foldIn(root, "noise"),
    embeddings: foldIn(root, "embeddings"),
  };
  const clock = { ms: 0 };
  return {
    projectionMs: () => clock.ms,
    initialize(name, { init }, out, cycle = 0) {
      const first = foldIn(keys.weights, name);
      const key = cycle === 0 ? first : foldIn(first, cycle);
      switch (init.kind) {
        case "constant":
          return void out.fill(init.value);
        case "normal":
          return fillNormal(key, out, init.deviation);
        case "uniform":
          return fillUniform(key, out, -init.bound, init.bound);
      }
    },
    subspace(name, cycle, { draw, blocks = 1 }, a) {
      const start = performance.now();
      const key = foldIn(foldIn(keys.projections, name), Math.floor(cycle / blocks));
      a.write((elements) => draw(key, floats(elements), cycle % blocks));
      clock.ms += performance.now() - start;
    },
    chance(name, cycle) {
      const drawn = new Float32Array(1);
      fillUniform(foldIn(foldIn(keys.chances, name), cycle), drawn, 0, 1);
      return drawn[0] ?? 0;
    },
    noise(name, position, bits, noise) {
      const key = position.reduce((folded, n) => foldIn(folded, n), foldIn(keys.noise, name));
      noise.write((elements) => {
        if (elements instanceof Uint16Array) fillHalfWords(key, elements, bits);
        else throw new Error("internal: noise is uint16");
      });
    },
    embeddingNoise(stage, microStep, bound, noise) {
      const key = foldIn(foldIn(keys.embeddings, stage), microStep);
      noise.write((elements) => fillUniform(key, floats(elements), -bound, bound));
    },
    mask(stage, name, microStep, rate, mask) {
      const key = foldIn(foldIn(foldIn(keys.masks, name), stage), microStep);
      mask.write((elements) => {
        if (elements instanceof Uint8Array) fillKeepMask(key, elements, rate);
        else throw new Error("internal: a mask is uint8");
      });
    },
  };
}
