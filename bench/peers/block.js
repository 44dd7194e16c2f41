/**
 * @file The task that every row of the peer comparison measures: one GPT-2-small decoder block,
 * forward and backward in float32.
 *
 *   y = block(x);  given dy, also dx and the gradients of the 12 parameters
 *
 * Pre-norm, causal attention, gelu in its tanh form, no dropout; weights are [in, out] and named as
 * in the Hugging Face `gpt2` checkpoint. Every value comes from a counter and the integer hash
 * "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018), so JavaScript and NumPy make the
 * same bits. `block.json` holds PyTorch's answer; `make_block.py` made it.
 *
 * B batch, T tokens, C = n_embd, F = n_inner, H heads, D = C / H.
 */

import { readFileSync } from "node:fs";

export const block = {
  batch: 4,
  tokens: 256,
  n_embd: 768,
  n_head: 12,
  n_inner: 3072,
  layer_norm_epsilon: 1e-5,
};

const { batch: B, tokens: T, n_embd: C, n_head: H, n_inner: F } = block;

/**
 * Values are `center + amplitude * u`, u uniform in [-1, 1); a tensor's place in the table is its
 * seed.
 *
 * @typedef {{ name: string, shape: readonly number[], center: number, amplitude: number }} Tensor
 */

/** @type {readonly Tensor[]} */
export const parameters = [
  { name: "ln_1.weight", shape: [C], center: 1, amplitude: 0.1 },
  { name: "ln_1.bias", shape: [C], center: 0, amplitude: 0.1 },
  { name: "attn.c_attn.weight", shape: [C, 3 * C], center: 0, amplitude: 0.05 },
  { name: "attn.c_attn.bias", shape: [3 * C], center: 0, amplitude: 0.1 },
  { name: "attn.c_proj.weight", shape: [C, C], center: 0, amplitude: 0.05 },
  { name: "attn.c_proj.bias", shape: [C], center: 0, amplitude: 0.1 },
  { name: "ln_2.weight", shape: [C], center: 1, amplitude: 0.1 },
  { name: "ln_2.bias", shape: [C], center: 0, amplitude: 0.1 },
  { name: "mlp.c_fc.weight", shape: [C, F], center: 0, amplitude: 0.05 },
  { name: "mlp.c_fc.bias", shape: [F], center: 0, amplitude: 0.1 },
  { name: "mlp.c_proj.weight", shape: [F, C], center: 0, amplitude: 0.05 },
  { name: "mlp.c_proj.bias", shape: [C], center: 0, amplitude: 0.1 },
];

/** @type {readonly Tensor[]} */
const activations = [
  { name: "x", shape: [B, T, C], center: 0, amplitude: 1 },
  { name: "dy", shape: [B, T, C], center: 0, amplitude: 1 },
];

/** What a step returns: y, dx, and each parameter's gradient under the parameter's name. */
export const resultNames = ["y", "dx", ...parameters.map(({ name }) => name)];

const projections = 2 * B * T * (C * 3 * C + C * C + C * F + F * C);
const attention = 2 * (2 * B * H * T * T * (C / H));

/**
 * Matrix FLOPs of a step, 2 M N K a product, attention counted as full squares. A product costs
 * two products of its size in the backward pass.
 */
export const flops = {
  forward: projections + attention,
  backward: 2 * (projections + attention),
};

/**
 * The inputs of a step by name: x, dy and the 12 parameters, row-major.
 *
 * @returns {Record<string, Float32Array>}
 */
export function blockInputs() {
  const tensors = [...activations, ...parameters];
  return Object.fromEntries(tensors.map((tensor, seed) => [tensor.name, fill(tensor, seed)]));
}

/**
 * Compares a step's results with PyTorch's: of each tensor, its inner product with fixed noise,
 * within `tolerance` of the tensor's norm.
 *
 * @param {Readonly<Record<string, Float32Array>>} results y, dx and the 12 gradients
 * @returns {number} the sum of the 14 inner products
 * @throws {Error} if a tensor is missing, has another size or disagrees
 */
export function checksum(results) {
  const golden = JSON.parse(readFileSync(new URL("block.json", import.meta.url), "utf8"));
  let total = 0;
  resultNames.forEach((name, index) => {
    const { size, norm, product } = golden.results[name];
    const values = results[name];
    if (values?.length !== size) {
      throw new Error(`${name}: expected ${size} values; got ${values?.length}`);
    }
    const got = innerProduct(values, noiseSeed + index);
    if (!(Math.abs(got - product) <= tolerance * norm)) {
      throw new Error(`${name}: checksum differs from PyTorch's ${product}; got ${got}`);
    }
    total += got;
  });
  return total;
}

const noiseSeed = 100;

/** Eight times the largest deviation seen in float32; gelu by erf, a near miss, deviates by 4e-4. */
const tolerance = 2e-5;

/**
 * @param {Tensor} tensor
 * @param {number} seed
 */
function fill({ shape, center, amplitude }, seed) {
  const values = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  for (let i = 0; i < values.length; i++) values[i] = center + amplitude * noise(seed, i);
  return values;
}

/**
 * @param {Float32Array} values
 * @param {number} seed
 */
function innerProduct(values, seed) {
  let sum = 0;
  values.forEach((value, i) => (sum += value * noise(seed, i)));
  return sum;
}

/**
 * Uniform in [-1, 1), a multiple of 2^-23. Seeds are 2^25 counters apart.
 *
 * @param {number} seed below 128
 * @param {number} index below 2^25
 */
function noise(seed, index) {
  let h = seed * 2 ** 25 + index;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  h ^= h >>> 16;
  return (h >>> 8) * 2 ** -23 - 1;
}
