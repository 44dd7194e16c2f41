/** The numbers of test/golden/make_models.py: tiny models of every kind, as transformers computes them. */

import { readFileSync } from "node:fs";
import { type HostTensor, float32, int32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { type HostTensors, tensorNamed } from "../support/graph.ts";

/** Models that continue a text. */
export const DECODERS = [
  "llama",
  "llama3",
  "mistral",
  "qwen2",
  "qwen3",
  "gemma",
  "gemma2",
  "smollm3",
  "granite",
  "olmo2",
  "phi3",
  "qwen3_moe",
  "qwen3_moe_unnormalized",
] as const;
/** Models that answer a text. */
export const SEQ2SEQ = ["t5", "t5_gated"] as const;
/** Models that guess hidden tokens. */
export const MASKED = ["bert_mlm", "roberta_mlm", "distilbert_mlm", "modernbert_mlm"] as const;
/** Models that tell texts apart. */
export const CLASSIFIERS = [
  "bert_classification",
  "roberta_classification",
  "distilbert_classification",
  "modernbert_classification",
] as const;
/** Models that make vectors of texts. */
export const EMBEDDERS = ["bert_embedding", "modernbert_embedding"] as const;
export type DecoderName = (typeof DECODERS)[number];
export type GeneratorName = DecoderName | (typeof SEQ2SEQ)[number];
export type EncoderName = (typeof MASKED)[number] | (typeof CLASSIFIERS)[number];
export type GoldenName = GeneratorName | EncoderName | "vit";

interface Common {
  /** The fields of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By transformers' names: numbers int32, `pixel_values` float32. */
  readonly inputs: HostTensors;
  /** How many labels count. */
  readonly targets: number;
  /** The mean over them. */
  readonly loss: number;
  /** By the names of the checkpoint, tied ones once. */
  readonly weights: HostTensors;
  /** Of the loss. A bias of keys has 0 where positions are absolute. */
  readonly gradients: HostTensors;
}

export interface Golden extends Common {
  /** [B, T, V], or [B, labels]. Those of padding mean nothing. */
  readonly logits: HostTensor;
}

export interface GoldenBeams {
  readonly early_stopping: boolean | "never";
  readonly length_penalty: number;
  /** For each prompt, the best first. */
  readonly sequences: readonly (readonly (readonly number[])[])[];
  readonly scores: readonly (readonly number[])[];
}

/** What follows each prompt, up to and with the end token. The same alone and in a batch. */
export interface Generation {
  readonly maxNewTokens: number;
  readonly endToken: number;
  readonly padToken: number;
  readonly prompts: readonly (readonly number[])[];
  readonly greedy: readonly (readonly number[])[];
  /** Between the best and the second logit, wherever `greedy` chose. */
  readonly smallestGap: number;
  readonly numBeams?: number;
  readonly beams?: readonly GoldenBeams[];
}

/** Mean pooling over tokens, then length 1; rows 0 to 3 are anchors, 4 to 7 their positives. */
export interface EmbeddingGolden extends Common {
  /** [8, C] */
  readonly embeddings: HostTensor;
  /** Cosines of anchors and positives, [4, 4]. */
  readonly similarities: HostTensor;
  /** What they are multiplied by before the cross-entropy. */
  readonly scale: number;
}

interface Stored {
  readonly shape: readonly number[];
  readonly float32?: string;
  readonly bfloat16?: string;
}

type Nested = readonly (number | Nested)[];

interface StoredGolden {
  readonly config: Golden["config"];
  readonly inputs: Readonly<Record<string, Stored | Nested>>;
  readonly targets: number;
  readonly loss: number;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly logits: Stored;
  readonly generation: Generation;
  readonly embeddings: Stored;
  readonly similarities: Stored;
  readonly scale: number;
}

/** The golden of that name. */
export function readGolden(name: GoldenName): Golden {
  const stored = read(name);
  return { ...common(stored), logits: decoded(stored.logits) };
}

/** The continuations of a model that generates. */
export const readGeneration = (name: GeneratorName): Generation => read(name).generation;

/** The fields of config.json of a golden. */
export const configOf = (name: GoldenName | (typeof EMBEDDERS)[number]): Golden["config"] =>
  read(name).config;

/** Sentence embeddings, and their contrastive loss. */
export function readEmbeddingGolden(
  name: (typeof EMBEDDERS)[number] = "bert_embedding",
): EmbeddingGolden {
  const stored = read(name);
  return {
    ...common(stored),
    embeddings: decoded(stored.embeddings),
    similarities: decoded(stored.similarities),
    scale: stored.scale,
  };
}

/**
 * The targets of the logits as rows, for `crossEntropy`, which is then the loss.
 *
 * @returns `targets` [N], 0 where nothing counts, and `weights` [N], 1 / count or 0
 */
export function targetsOf({ config, inputs, targets }: Golden): {
  readonly targets: HostTensor;
  readonly weights: HostTensor;
} {
  const labels = tensorNamed(inputs, "labels");
  const length = labels.shape[1] ?? 1;
  // A decoder's logits are for the next token; the last one has none.
  const ahead = JSON.stringify(config["architectures"]).includes("ForCausalLM") ? 1 : 0;
  const wanted = numbersOf(labels).map((_, i) =>
    (i % length) + ahead < length ? Number(labels.data[i + ahead]) : -100,
  );
  return {
    targets: int32(
      [wanted.length],
      Int32Array.from(wanted, (label) => Math.max(label, 0)),
    ),
    weights: float32(
      [wanted.length],
      Float32Array.from(wanted, (label) => (label < 0 ? 0 : 1 / targets)),
    ),
  };
}

/** Fails unless there is every gradient, within 1e-5 of its largest element. */
export function expectGradients(actual: HostTensors, { gradients }: Common): void {
  const largest = Object.values(gradients).flatMap(numbersOf).map(Math.abs);
  // What is 0 has no size of its own; it is a difference of numbers of the size of the others.
  const size = largest.reduce((most, x) => Math.max(most, x), 0);
  for (const [name, gradient] of Object.entries(gradients)) {
    const expected = numbersOf(gradient);
    const floor = expected.every((x) => x === 0) ? size : 0;
    expectClose(numbersOf(tensorNamed(actual, name)), expected, FLOAT32, { what: name, floor });
  }
}

const read = (name: string): StoredGolden =>
  JSON.parse(readFileSync(`test/golden/models/${name}.json`, "utf8"));

const common = ({ config, inputs, targets, loss, weights, gradients }: StoredGolden): Common => ({
  config,
  inputs: mapValues(inputs, (x) => (isNested(x) ? integers(x) : decoded(x))),
  targets,
  loss,
  weights: mapValues(weights, decoded),
  gradients: mapValues(gradients, decoded),
});

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  f: (value: From) => To,
): Readonly<Record<string, To>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));

const isNested = (x: Stored | Nested): x is Nested => Array.isArray(x);

function integers(x: Nested): HostTensor {
  const shape: number[] = [];
  for (let level: number | Nested | undefined = x; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
  }
  return int32(shape, Int32Array.from(leaves(x)));
}

const leaves = (x: Nested): readonly number[] =>
  x.flatMap((item) => (typeof item === "number" ? [item] : leaves(item)));

function decoded({ shape, float32: whole, bfloat16: upper }: Stored): HostTensor {
  const bytes = Buffer.from(whole ?? upper ?? "", "base64");
  const numbers = new Float32Array(bytes.length / (whole === undefined ? 2 : 4));
  const bits = new Uint32Array(numbers.buffer);
  for (const i of bits.keys()) {
    // A bfloat16 is the upper half of a float32.
    bits[i] = whole === undefined ? bytes.readUInt16LE(2 * i) << 16 : bytes.readUInt32LE(4 * i);
  }
  return float32(shape, numbers);
}
