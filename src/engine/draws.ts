/**
 * @file The random numbers of a run, by what they are for. Equal keys are equal numbers, so nothing random is stored: a projection
 * is drawn when it is needed, and a dropout mask once for the forward and once for the backward pass.
 */

import type { ParamSpec } from "../nn/params.ts";
import type { Projection } from "../compress/projection.ts";
import {
  fillHalfWords,
  fillKeepMask,
  fillNormal,
  fillOrthonormal,
  fillRademacher,
  fillUniform,
  foldIn,
  type Key,
  randomKey,
} from "../random/index.ts";
import type { Buffer } from "../runtime/runtime.ts";
import { floats } from "./state.ts";

export interface Draws {
  /** Initial values of a parameter; others in every cycle, for what is drawn again. */
  initialize(name: string, spec: ParamSpec, param: Buffer, cycle?: number): void;
  /** The projection matrix of a parameter in a cycle, [rank, dimension]. */
  projection(name: string, cycle: number, projection: Projection, a: Buffer): void;
  /** The dropout mask of a stage in a micro-step of the run. */
  mask(stage: number, name: string, microStep: number, rate: number, mask: Buffer): void;
  /** Random bits for rounding a parameter, so many an entry, at a place that is counted by `position`. */
  noise(name: string, position: readonly number[], bits: number, noise: Buffer): void;
  /** The key of the order of the data. */
  readonly dataKey: Key;
  /** Milliseconds spent drawing projections. */
  projectionMs(): number;
}

export function createDraws(seed: number): Draws {
  const root = randomKey(seed);
  const keys = {
    weights: foldIn(root, "weights"),
    projections: foldIn(root, "projections"),
    masks: foldIn(root, "masks"),
    data: foldIn(root, "data"),
    noise: foldIn(root, "noise"),
  };
  const clock = { ms: 0 };
  return {
    dataKey: keys.data,
    projectionMs: () => clock.ms,
    initialize(name, { init }, param, cycle = 0) {
      const first = foldIn(keys.weights, name);
      const key = cycle === 0 ? first : foldIn(first, cycle);
      param.write((elements) => {
        const out = floats(elements);
        switch (init.kind) {
          case "constant":
            return void out.fill(init.value);
          case "normal":
            return fillNormal(key, out, init.deviation);
          case "uniform":
            return fillUniform(key, out, -init.bound, init.bound);
        }
      });
    },
    projection(name, cycle, { family, rank, dimension }, a) {
      const start = performance.now();
      const key = foldIn(foldIn(keys.projections, name), cycle);
      a.write((elements) => {
        const out = floats(elements);
        if (family === "gaussian") fillNormal(key, out, rank ** -0.5);
        else if (family === "rademacher") fillRademacher(key, out, rank ** -0.5);
        else fillOrthonormal(key, out, rank, dimension);
      });
      clock.ms += performance.now() - start;
    },
    noise(name, position, bits, noise) {
      const key = position.reduce((folded, n) => foldIn(folded, n), foldIn(keys.noise, name));
      noise.write((elements) => {
        if (elements instanceof Uint16Array) fillHalfWords(key, elements, bits);
        else throw new Error("internal: noise is uint16");
      });
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
