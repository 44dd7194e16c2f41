/** Seeded numbers, from a generator of their own, so that a fault of `src/random` cannot hide another. */

import { type HostTensor, float32, hostTensor } from "../../src/tensor/host-tensor.ts";

/** Uniform numbers from 0 to below 1: mulberry32. */
export function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers, by Box and Muller. */
export function normals(seed: number): () => number {
  const draw = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

const size = (shape: readonly number[]) => shape.reduce((n, dim) => n * dim, 1);

export const normalTensor = (seed: number, shape: readonly number[]): HostTensor =>
  float32(shape, Float32Array.from({ length: size(shape) }, normals(seed)));

export const normalTensor64 = (seed: number, shape: readonly number[]): HostTensor =>
  hostTensor("float64", shape, Float64Array.from({ length: size(shape) }, normals(seed)));

/** Numbers from 0 to `below - 1`. */
export function integerNumbers(seed: number, count: number, below: number): number[] {
  const draw = uniforms(seed);
  return Array.from({ length: count }, () => Math.floor(draw() * below));
}
