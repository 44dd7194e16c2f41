/** @file What ranks send, counted from the plans of models. */

import { gpt2, llama } from "../../dist/models/index.js";
import { elementCount } from "../../dist/tensor/shape.js";
import { parseConfig } from "../../dist/train/index.js";
import { traineeOf } from "../../dist/train/setup/method.js";

/** Of GPT-2, TinyLlama and Llama 2, by their config.json. */
const MODELS = [
  ["124 M", gpt2({})],
  [
    "1.1 B",
    llama({
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 22,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      vocab_size: 32000,
    }),
  ],
  [
    "6.7 B",
    llama({
      hidden_size: 4096,
      intermediate_size: 11008,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      vocab_size: 32000,
    }),
  ],
];

export const METHODS = [
  ["dense", { method: "dense" }],
  ["flora 128, whole embeddings", { method: "flora", rank: 128 }],
  ["flora 128", { method: "flora", rank: 128, compressEmbeddings: true }],
  ["lora 8", { method: "lora", rank: 8 }],
];

export const LINKS = [
  ["10 Gbit/s", 10e9 / 8],
  ["1 Gbit/s", 1e9 / 8],
  ["100 Mbit/s", 100e6 / 8],
];
export const RANKS = [1, 2, 4];
const sent = (elements, ranks) => (4 * elements * 2 * (ranks - 1)) / ranks;

/** A step of large models. */
export const exchanged = MODELS.flatMap(([parameters, model]) =>
  METHODS.map(([method, given]) => {
    const { plan } = traineeOf(
      model,
      parseConfig({ train: "none.txt", modulesToSave: [], ...given }),
    );
    const elements = accumulated(plan);
    const bytes = Object.fromEntries(RANKS.map((ranks) => [ranks, sent(elements, ranks)]));
    // With ever more ranks each sends twice what it has.
    const seconds = Object.fromEntries(LINKS.map(([link, rate]) => [link, (8 * elements) / rate]));
    return { parameters, method, elements, bytes, mostBytes: 8 * elements, seconds };
  }),
);

function accumulated(plan) {
  return numbersIn(plan, ({ accumulator }) => accumulator.state);
}

/** Numbers of what is kept for the parameters that are trained. */
function numbersIn(plan, kept) {
  let elements = 0;
  for (const { training } of plan.values()) {
    for (const { shape } of Object.values(training ? kept(training) : {})) {
      elements += elementCount(shape);
    }
  }
  return elements;
}

/** Bytes that each of two ranks sends a step on average, which meet every so many steps: sums, or weights and what optimizers remember. */
export function sentByMeetings(model, given, every) {
  const { plan } = traineeOf(model, parseConfig({ train: "none.txt", ...given }));
  if (every === 1) return sent(accumulated(plan), 2);
  let weights = 0;
  for (const { spec, training } of plan.values())
    weights += training ? elementCount(spec.shape) : 0;
  return sent(weights + numbersIn(plan, ({ state }) => state), 2) / every;
}
