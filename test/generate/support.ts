/** A small GPT-2 with weights that the golden script draws too, and its logits without a cache. */

import { readFileSync } from "node:fs";
import {
  type BeamSearchOptions,
  createDecoder,
  type Decoder,
  type DecoderOptions,
  type GenerateOptions,
  type SamplingOptions,
  type ScoreRules,
} from "../../src/generate/index.ts";
import { mapTensors } from "../../src/graph/tensors.ts";
import { input, type Value } from "../../src/graph/value.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { headOf, type Model } from "../../src/models/model.ts";
import { compile } from "../../src/onnx/model.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { foldBatch, matrixTranspose } from "../../src/ops/movement.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import type { Buffer, Runtime } from "../../src/runtime/runtime.ts";
import type { Tokenizer } from "../../src/text/index.ts";
import { asFloat32, float32, int32 } from "../../src/tensor/host-tensor.ts";

/** What `generate` of transformers makes of prompts that are decoded together. */
interface Case<Options> {
  readonly options: Options;
  readonly prompts: readonly (readonly number[])[];
  readonly sequences: readonly (readonly number[])[];
}

interface Golden {
  readonly config: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly spread: number;
  readonly continuations: readonly {
    readonly prompt: readonly number[];
    readonly tokens: readonly number[];
    readonly lastLogits: readonly number[];
  }[];
  readonly distributions: readonly {
    readonly options: SamplingOptions;
    readonly logits: readonly number[];
    readonly probabilities: readonly number[];
  }[];
  /** Scores under rules; null is a token that must not follow. */
  readonly rules: readonly {
    readonly options: ScoreRules;
    readonly tokens: readonly number[];
    readonly made: number;
    readonly logits: readonly number[];
    readonly scores: readonly (number | null)[];
  }[];
  /** Greedy decoding under rules. */
  readonly ruled: readonly Case<GenerateOptions>[];
  readonly searches: readonly (Case<BeamSearchOptions> & { readonly scores: readonly number[] })[];
}

/** What transformers says. */
export const golden: Golden = JSON.parse(readFileSync("test/golden/generate.json", "utf8"));

/** Numbers from 0 to below 1: s ← 1664525 s + 1013904223 mod 2^32. */
export function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export type Weights = ReadonlyMap<string, Buffer>;

/** The weights that test/golden/make_generate.py draws. */
export function drawWeights(model: Model, runtime: Runtime): Weights {
  const draw = uniforms(golden.seed);
  return new Map(
    [...model.params.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { shape }]) => {
        const center = name.includes("ln_") && name.endsWith("weight") ? 1 : 0;
        const count = shape.reduce((n, dim) => n * dim, 1);
        const next = () => center + golden.spread * (2 * draw() - 1);
        return [name, runtime.adopt(float32(shape, Float32Array.from({ length: count }, next)))];
      }),
  );
}

export interface Setup {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly weights: Weights;
  readonly decoder: Decoder;
}

export function setUp(options?: DecoderOptions): Setup {
  const model = gpt2(golden.config);
  const runtime = cpuRuntime({ threads: 1 });
  const weights = drawWeights(model, runtime);
  return { model, runtime, weights, decoder: createDecoder(model, runtime, weights, options) };
}

/** The logits after each token of one sequence, by `forward` of every stage, [T, V]. */
export async function fullLogits(
  { model, runtime, weights }: Omit<Setup, "decoder">,
  ids: Int32Array,
): Promise<Float32Array> {
  const weight = (name: string): Value => input(name, "float32", weights.get(name)?.shape ?? []);
  const x = model.stages.reduce<Value>(
    (y, stage) => stage.forward(y, mapTensors(stage.params, weight)),
    input("ids", "int32", [1, ids.length]),
  );
  const program = compile({
    logits: matmul(foldBatch(x), matrixTranspose(weight(headOf(model).weight))),
  });
  const executable = await runtime.load(program);
  const shape = [ids.length, model.vocabularySize];
  const logits = runtime.allocate("float32", shape);
  await executable.run(
    { ...Object.fromEntries(weights), ids: runtime.adopt(int32([1, ids.length], ids)) },
    { logits },
  );
  await executable.release();
  return asFloat32({ dtype: "float32", shape, data: await logits.read() });
}

/** Ids of the given lengths below the vocabulary's size. */
export function randomPrompts(lengths: readonly number[], seed: number): Int32Array[] {
  const draw = uniforms(seed);
  const vocabulary = golden.config["vocab_size"] ?? 0;
  return lengths.map((length) =>
    Int32Array.from({ length }, () => Math.floor(draw() * vocabulary)),
  );
}

export const maxDifference = (a: Float32Array, b: ArrayLike<number>): number =>
  a.length === b.length
    ? a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? Number.NaN))), 0)
    : Number.NaN;

/** 61 pieces of text, of which token 60 ends one. */
const PIECES = Array.from({ length: 60 }, (_, id) => {
  const letters = ["a", "b", "ab", " a", "ba\n", "\n"];
  return `${letters[id % letters.length]}${"ab".repeat(Math.floor(id / letters.length) % 3)}`;
});

/** A tokenizer for the small GPT-2 whose tokens have few letters, so that texts of them meet. */
export const pieces: Tokenizer = {
  name: "pieces",
  vocabularySize: 61,
  startOfText: undefined,
  endOfText: 60,
  pad: 60,
  mask: undefined,
  unknown: undefined,
  specialTokens: new Set([60]),
  encode: (text) => Int32Array.from(text, (letter) => Math.max(0, PIECES.indexOf(letter))),
  encodePrompt: (text) => pieces.encode(text),
  encodeWithSpecialTokens: (text) => ({ ids: pieces.encode(text), tokenTypes: new Int32Array() }),
  decode: (ids) => Array.from(ids, (id) => PIECES[id] ?? "").join(""),
  files: new Map(),
};
