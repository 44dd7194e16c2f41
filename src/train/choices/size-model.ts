/**
 * @file A model for somebody's own data where none is named: as large as the data can teach and this machine can train in the time that is
 * given.
 *
 *   a token costs      8 (12 L C²) + 6 V C     operations: twice forward, since activations are recomputed, and twice that backward
 *   20 tokens          for each weight of the blocks are seen (Hoffmann et al., 2022, arXiv:2203.15556), or there is no time for so many weights
 *   2 weights          for each token of the data at most: what is larger learns them by heart
 */

import { input } from "../../graph/value.ts";
import { compile } from "../../onnx/model.ts";
import { matmul } from "../../ops/matmul.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { float32 } from "../../tensor/host-tensor.ts";

/** Width, blocks and heads. */
const SHAPES = [
  [64, 2, 2],
  [96, 3, 3],
  [128, 4, 4],
  [192, 4, 6],
  [256, 6, 8],
  [384, 6, 6],
  [512, 8, 8],
  [768, 12, 12],
] as const;

const TOKENS_PER_WEIGHT = 20;
const WEIGHTS_PER_TOKEN = 2;
/** Of the rate of a large product, in training a small model. */
const EFFICIENCY = 0.3;
const MOST_EPOCHS = 20;
const CONTEXT = 128;

export interface Situation {
  /** Of the data. */
  readonly tokens: number;
  readonly vocabularySize: number;
  readonly minutes: number;
  /** Operations of a second, in a large product. */
  readonly speed: number;
}

export interface SizedModel {
  /** Fields of a GPT-2's config.json. */
  readonly fields: Readonly<Record<string, number>>;
  /** Passes over the data that there is time for. */
  readonly epochs: number;
}

/** The largest model that fits. */
export function sizeModel({ tokens, vocabularySize, minutes, speed }: Situation): SizedModel {
  const budget = minutes * 60 * speed * EFFICIENCY;
  const seen = ([width, blocks]: (typeof SHAPES)[number]) => {
    const weights = 12 * blocks * width ** 2;
    return { weights, tokens: budget / (8 * weights + 6 * vocabularySize * width) };
  };
  const shape =
    SHAPES.findLast((each) => {
      const { weights, tokens: possible } = seen(each);
      return possible >= TOKENS_PER_WEIGHT * weights && weights <= WEIGHTS_PER_TOKEN * tokens;
    }) ?? SHAPES[0];
  const [width, blocks, heads] = shape;
  const epochs = Math.min(MOST_EPOCHS, seen(shape).tokens / tokens);
  return {
    fields: { n_embd: width, n_layer: blocks, n_head: heads, n_positions: CONTEXT },
    epochs: Number(epochs.toPrecision(2)),
  };
}

const SIZE = 384;
const RUNS = 5;

/** Operations of a second in a product of matrices, [384, 384] twice. */
export async function measuredSpeed(runtime: Runtime): Promise<number> {
  const shape = [SIZE, SIZE];
  const y = matmul(input("a", "float32", shape), input("b", "float32", shape));
  const program = await runtime.load(compile({ y }));
  const ones = () => runtime.adopt(float32(shape, new Float32Array(SIZE ** 2).fill(1)));
  const feeds = { a: ones(), b: ones() };
  const fetched = runtime.allocate("float32", shape);
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await program.run(feeds, { y: fetched });
    best = Math.min(best, performance.now() - start);
  }
  await program.release();
  return (2 * SIZE ** 3) / (best / 1000);
}
