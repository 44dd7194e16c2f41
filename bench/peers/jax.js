/**
 * @file jax-js on its WebAssembly backend, the fastest it has in Node (WebGPU is for browsers).
 *
 * One `jit` holds forward and backward. The backend's threads need the browser's `Worker`, which
 * Node lacks, so it uses one. Attention is written out: 0.1.25's `einsum`, and so its
 * `dotProductAttention`, call iterator helpers, which Node 20 lacks.
 *
 * A function owns its arguments in jax-js: `.ref` keeps a value for one more use.
 */

import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, vjp } from "@jax-js/jax";
import { block, blockInputs, parameters, resultNames } from "./block.js";
import { measurePeer, printIfMain } from "./measure.js";

/** @typedef {import("@jax-js/jax").numpy.Array} JaxArray */
/** @typedef {Record<string, JaxArray>} Params */

const { batch: B, tokens: T, n_embd: C, n_head: H } = block;
const D = C / H;

/**
 * @param {number} runs
 * @returns {Promise<import("./measure.js").Measurement>}
 */
export async function measure(runs) {
  await init("wasm");
  defaultDevice("wasm");
  const { x, dy, ...weights } = blockInputs();
  const arrays = [
    np.array(x, { shape: [B, T, C] }),
    np.array(dy, { shape: [B, T, C] }),
    ...parameters.map(({ name, shape }) => np.array(weights[name], { shape: [...shape] })),
  ];
  const step = jit(forwardBackward);
  const measurement = await measurePeer({
    name: "jax-js (wasm)",
    packageName: "@jax-js/jax",
    runs,
    step: () => blockUntilReady(step(...arrays.map((array) => array.ref))),
    read: async (results) => {
      const named = results.map(async (value, i) => [resultNames[i], await value.ref.data()]);
      return Object.fromEntries(await Promise.all(named));
    },
    release: (results) => results.forEach((value) => value.dispose()),
  });
  arrays.forEach((array) => array.dispose());
  step.dispose();
  return measurement;
}

/**
 * @param {JaxArray} x [B, T, C]
 * @param {JaxArray} dy [B, T, C]
 * @param {JaxArray[]} weights in the order of `parameters`
 * @returns {JaxArray[]} in the order of `resultNames`
 */
function forwardBackward(x, dy, ...weights) {
  const [y, pullback] = vjp(blockForward, [x, ...weights]);
  const gradients = pullback(dy);
  pullback.dispose();
  return [y, ...gradients];
}

/**
 * @param {JaxArray} x [B, T, C]
 * @param {JaxArray[]} weights
 */
function blockForward(x, ...weights) {
  const p = Object.fromEntries(parameters.map(({ name }, i) => [name, weights[i]]));
  x = x.ref.add(attention(layerNorm(x, p, "ln_1"), p));
  return x.ref.add(mlp(layerNorm(x, p, "ln_2"), p));
}

/**
 * @param {JaxArray} x
 * @param {Params} p
 */
function attention(x, p) {
  const [q, k, v] = np
    .split(linear(x, p, "attn.c_attn"), 3, -1)
    .map((part) => part.reshape([B, T, H, D]).transpose([0, 2, 1, 3])); // [B, H, T, D]
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(D ** -0.5); // [B, H, T, T]
  const causal = np.tri(T, T, 0, { dtype: np.bool });
  const weights = nn.softmax(np.where(causal, scores, -1e9), -1);
  const a = np.matmul(weights, v).transpose([0, 2, 1, 3]); // [B, T, H, D]
  return linear(a.reshape([B, T, C]), p, "attn.c_proj");
}

/**
 * @param {JaxArray} x
 * @param {Params} p
 */
function mlp(x, p) {
  return linear(nn.gelu(linear(x, p, "mlp.c_fc"), { approximate: true }), p, "mlp.c_proj");
}

/**
 * @param {JaxArray} x
 * @param {Params} p
 * @param {string} name
 */
function layerNorm(x, p, name) {
  return nn
    .standardize(x, -1, { epsilon: block.layer_norm_epsilon })
    .mul(p[`${name}.weight`])
    .add(p[`${name}.bias`]);
}

/**
 * @param {JaxArray} x
 * @param {Params} p
 * @param {string} name
 */
function linear(x, p, name) {
  return np.matmul(x, p[`${name}.weight`]).add(p[`${name}.bias`]);
}

await printIfMain(import.meta.url, measure);
