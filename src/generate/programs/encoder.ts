/**
 * @file What the decoder of an encoder-decoder model attends to in a batch of prompts.
 *
 * A prompt is read whole: every token of it attends to every other, so that it cannot take several
 * runs. A batch can.
 */

import { UsageError } from "../../errors.ts";
import type { Model } from "../../models/model.ts";
import { releaseAll } from "../../runtime/buffers.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { asFloat32, float32, type HostTensor } from "../../tensor/host-tensor.ts";
import { checkTokens, encoderFeeds, encoderBias, roundUp } from "./feeds.ts";
import { encodeProgram, type KeptWeights } from "./program.ts";
import type { WeightPrograms } from "./weight-programs.ts";

/** A row for every sequence; sequences with the same prompt have equal rows. */
export interface EncodedPrompts {
  /** S */
  readonly length: number;
  /** `encoder.bias` [B, 1, 1, S] and `encoder.*` [B, S, W]. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The encoded prompts of sequences that go on as those did. */
  select(rows: readonly number[]): EncodedPrompts;
}

const SMALLEST_PROMPT = 16;

export interface EncodeOptions {
  readonly programs: WeightPrograms;
  readonly weights: KeptWeights;
  readonly tokensPerRun: number;
}

/**
 * Runs the encoder of a model.
 *
 * @throws {UsageError} if a prompt is empty or too long, or a token is not in the vocabulary.
 */
export async function encode(
  model: Model,
  prompts: readonly Int32Array[],
  { programs, weights, tokensPerRun }: EncodeOptions,
): Promise<EncodedPrompts> {
  for (const ids of prompts) check(ids, model);
  const longest = prompts.reduce((most, ids) => Math.max(most, ids.length), 0);
  const length = Math.min(model.contextLength, roundUp(longest, SMALLEST_PROMPT));
  const rows = Math.max(1, Math.floor(tokensPerRun / length));

  const parts = new Map<string, Float32Array>();
  for (let start = 0; start < prompts.length; start += rows) {
    const some = prompts.slice(start, start + rows);
    const size = { batch: some.length, length };
    const key = `encode ${size.batch},${length}`;
    const executable = await programs.get(key, () => encodeProgram(model, size, weights), {
      arena: false,
    });
    const fetches = programs.allocate(executable.program);
    const inputs = programs.adopt(encoderFeeds(some, length));
    await programs.run(executable, inputs, { fetches });
    for (const [name, buffer] of Object.entries(fetches)) {
      const part = asFloat32(await readTensor(buffer));
      const stride = part.length / some.length;
      const whole = parts.get(name) ?? new Float32Array(prompts.length * stride);
      whole.set(part, start * stride);
      parts.set(name, whole);
    }
    releaseAll([...inputs.values(), ...Object.values(fetches)]);
  }
  const bias = encoderBias(
    prompts.map((ids) => ids.length),
    length,
  );
  const tensors = [...parts].map(([name, data]) => {
    const width = data.length / (prompts.length * length);
    return [name, float32([prompts.length, length, width], data)] as const;
  });
  const encoded = new Map([["encoder.bias", bias] as const, ...tensors]);
  return promptsOf(encoded, length, [...prompts.keys()]);
}

/** The encoded prompts of sequences whose prompts are those rows of `encoded`. */
function promptsOf(
  encoded: ReadonlyMap<string, HostTensor>,
  length: number,
  prompts: readonly number[],
): EncodedPrompts {
  const tensors = new Map(
    [...encoded].map(([name, tensor]) => [name, rowsOf(tensor, prompts)] as const),
  );
  const own: EncodedPrompts = {
    length,
    tensors,
    select(rows) {
      const chosen = rows.map((row) => prompts[row] ?? 0);
      const isSame = chosen.length === prompts.length && chosen.every((p, i) => p === prompts[i]);
      return isSame ? own : promptsOf(encoded, length, chosen);
    },
  };
  return own;
}

/** Rows of a float32 tensor, in place where they are all. */
function rowsOf(tensor: HostTensor, rows: readonly number[]): HostTensor {
  const [count = 0, ...rest] = tensor.shape;
  if (rows.length === count && rows.every((row, i) => row === i)) return tensor;
  const data = asFloat32(tensor);
  const stride = data.length / count;
  const chosen = new Float32Array(rows.length * stride);
  for (const [i, row] of rows.entries()) {
    chosen.set(data.subarray(row * stride, (row + 1) * stride), i * stride);
  }
  return float32([rows.length, ...rest], chosen);
}

function check(ids: Int32Array, { vocabularySize, contextLength }: Model): void {
  if (ids.length === 0) throw new UsageError("encoder: a prompt has no tokens; got an empty one");
  if (ids.length > contextLength) {
    throw new UsageError(
      `encoder: a prompt has at most ${contextLength} tokens; got ${ids.length}`,
    );
  }
  checkTokens("encoder", ids, vocabularySize);
}
