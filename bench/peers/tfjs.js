/**
 * @file TensorFlow.js on its WebAssembly backend: SIMD, one thread, since the library turns its
 * threads off in Node.
 *
 * The block needs no kernel that this backend lacks, but only some are fast. On 1024 x 768 x 3072
 * and 48 x 256 x 64, a transposed left operand costs 46 times the plain product, a transposed right
 * one or a batch 13 times; the library's own gradients use both. `tanh` costs 20 times `sigmoid`, a
 * sum over rows 100 times the product with ones. So, for the library's best speed:
 *
 * - products are single, with operands transposed by `transpose`, attention head by head;
 * - the gradient of a bias is such a product;
 * - gelu is written with `sigmoid`, and its adjoint written out.
 */

import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { block, blockInputs, parameters, resultNames } from "./block.js";
import { measurePeer, printIfMain } from "./measure.js";

/** @typedef {import("@tensorflow/tfjs").Tensor} Tensor */
/** @typedef {Record<string, Tensor>} Params */

const { batch: B, tokens: T, n_embd: C, n_head: H } = block;
const N = B * T;
const D = C / H;
const K1 = Math.sqrt(2 / Math.PI);
const K3 = 0.044715;

/**
 * @param {number} runs
 * @returns {Promise<import("./measure.js").Measurement>}
 */
export async function measure(runs) {
  setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const { x, dy, ...weights } = blockInputs();
  const inputs = [
    tf.tensor(x, [N, C]),
    ...parameters.map(({ name, shape }) => tf.tensor(weights[name], [...shape])),
  ];
  const cotangent = tf.tensor(dy, [N, C]);
  const mask = tf.tidy(causalMask);
  const forwardBackward = tf.valueAndGrads((...args) => blockForward(mask, args));
  const measurement = await measurePeer({
    name: "TensorFlow.js (wasm)",
    packageName: "@tensorflow/tfjs",
    runs,
    step: async () => {
      const { value, grads } = forwardBackward(inputs, cotangent);
      return [value, ...grads];
    },
    read: async (results) => {
      const named = results.map(async (value, i) => [resultNames[i], await value.data()]);
      return Object.fromEntries(await Promise.all(named));
    },
    release: (results) => tf.dispose(results),
  });
  tf.dispose([...inputs, cotangent, mask]);
  return measurement;
}

/**
 * @param {Tensor} mask [T, T]
 * @param {readonly Tensor[]} args x [N, C] and the weights in the order of `parameters`
 */
function blockForward(mask, [x, ...weights]) {
  const p = Object.fromEntries(parameters.map(({ name }, i) => [name, weights[i]]));
  x = tf.add(x, attention(layerNorm(x, p, "ln_1"), p, mask));
  return tf.add(x, mlp(layerNorm(x, p, "ln_2"), p));
}

/**
 * @param {Tensor} x [N, C]
 * @param {Params} p
 * @param {Tensor} mask [T, T]
 */
function attention(x, p, mask) {
  const columns = tf.split(linear(x, p, "attn.c_attn"), 3 * H, 1); // [N, D] each
  const [q, k, v] = [0, 1, 2].map((part) => columns.slice(part * H, (part + 1) * H).map(perBatch));
  const batches = Array.from({ length: B }, (_, b) => {
    const heads = q.map((queries, h) => head(queries[b], k[h][b], v[h][b], mask));
    return tf.concat(heads, 1); // [T, C]
  });
  return linear(tf.concat(batches, 0), p, "attn.c_proj");
}

/** @param {Tensor} column [N, D] → B of [T, D] */
function perBatch(column) {
  return tf.split(column, B, 0);
}

/**
 * @param {Tensor} q [T, D]
 * @param {Tensor} k [T, D]
 * @param {Tensor} v [T, D]
 * @param {Tensor} mask [T, T]
 */
function head(q, k, v, mask) {
  const scores = product(tf.mul(q, D ** -0.5), tf.transpose(k)); // [T, T]
  return product(tf.softmax(tf.add(scores, mask)), v);
}

/**
 * @param {Tensor} x
 * @param {Params} p
 */
function mlp(x, p) {
  return linear(geluTanh(linear(x, p, "mlp.c_fc")), p, "mlp.c_proj");
}

/**
 * @param {Tensor} x
 * @param {Params} p
 * @param {string} name
 */
function layerNorm(x, p, name) {
  const centered = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.mul(centered, centered), -1, true);
  const normalized = tf.mul(centered, tf.rsqrt(tf.add(variance, block.layer_norm_epsilon)));
  return addRow(mulRow(normalized, p[`${name}.weight`]), p[`${name}.bias`]);
}

/**
 * @param {Tensor} x
 * @param {Params} p
 * @param {string} name
 */
function linear(x, p, name) {
  return addRow(product(x, p[`${name}.weight`]), p[`${name}.bias`]);
}

/** @type {(a: Tensor, b: Tensor) => Tensor} [M, K], [K, N] → [M, N] */
const product = tf.customGrad((a, b, save) => {
  save([a, b]);
  return {
    value: tf.matMul(a, b),
    gradFunc: (dy, [left, right]) => [
      tf.matMul(dy, tf.transpose(right)),
      tf.matMul(tf.transpose(left), dy),
    ],
  };
});

/** @type {(x: Tensor, row: Tensor) => Tensor} */
const addRow = tf.customGrad((x, row) => ({
  value: tf.add(x, row),
  gradFunc: (dy) => [tf.clone(dy), sumRows(dy)],
}));

/** @type {(x: Tensor, row: Tensor) => Tensor} */
const mulRow = tf.customGrad((x, row, save) => {
  save([x, row]);
  return {
    value: tf.mul(x, row),
    gradFunc: (dy, [factor, scale]) => [tf.mul(dy, scale), sumRows(tf.mul(dy, factor))],
  };
});

/** gelu(x) = x s, s = sigmoid(2 u), u = √(2/π) (x + 0.044715 x³): its tanh form, rewritten. */
const geluTanh = tf.customGrad((x, save) => {
  const square = tf.mul(x, x);
  const s = tf.sigmoid(tf.mul(x, tf.add(tf.mul(square, 2 * K1 * K3), 2 * K1)));
  save([x, square, s]);
  return { value: tf.mul(x, s), gradFunc: geluTanhAdjoint };
});

/**
 * gelu' = s + x s (1 - s) (2 u)'
 *
 * @param {Tensor} dy
 * @param {readonly Tensor[]} saved
 */
function geluTanhAdjoint(dy, [x, square, s]) {
  const slope = tf.add(tf.mul(square, 6 * K1 * K3), 2 * K1);
  const ds = tf.mul(tf.mul(s, tf.sub(1, s)), slope);
  return tf.mul(dy, tf.add(s, tf.mul(x, ds)));
}

/** @param {Tensor} x [N, M] */
function sumRows(x) {
  return tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);
}

/** @returns {Tensor} [T, T], 0 where a token may look and -1e9 where it may not */
function causalMask() {
  const index = tf.range(0, T);
  const future = tf.greater(tf.reshape(index, [1, T]), tf.reshape(index, [T, 1]));
  return tf.mul(tf.cast(future, "float32"), -1e9);
}

await printIfMain(import.meta.url, measure);
