/**
 * @file Logits of the next token of a batch of sequences that grow, with cached keys and values.
 *
 * Programs have static shapes, so one is compiled per batch size B, number of new tokens T and
 * slots for past tokens P, with T and P rounded up to few sizes. New tokens stand at the right end
 * of their row; the bias hides padding on their left, unused slots of the cache and later tokens:
 *
 *   bias[b, 0, t, j]     = 0 where j < length_b                  j = 0 .. P - 1
 *   bias[b, 0, t, P + j] = 0 where T - count_b ≤ j ≤ t           j = 0 .. T - 1
 *   bias = -10⁹ elsewhere
 */

import { GraphError, UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { Program } from "../onnx/model.ts";
import {
  type Buffer,
  type Buffers,
  type Executable,
  readTensor,
  type Runtime,
} from "../runtime/runtime.ts";
import { asFloat32, float32, type HostTensor, int32 } from "../tensor/host-tensor.ts";
import { staticShape } from "../tensor/shape.ts";
import { attentionCache } from "./cache.ts";
import { cacheWidths, decodeProgram, type DecodeSizes } from "./program.ts";

export interface DecoderOptions {
  /** The most tokens that one run reads, 4096 by default; longer prompts take several runs. */
  readonly tokensPerRun?: number;
}

export interface Decoder {
  /** V */
  readonly vocabularySize: number;
  /** The most tokens of one sequence. */
  readonly contextLength: number;
  /** A batch of empty sequences. */
  open(batchSize: number): Decoding;
  /** Frees the compiled programs. */
  release(): Promise<void>;
}

/** A batch of sequences; one call at a time. */
export interface Decoding {
  /** Tokens read, per sequence. */
  readonly lengths: readonly number[];
  /**
   * Reads further tokens of each sequence, none of those that rest.
   *
   * @returns logits of the tokens that follow, [B, V], valid until the next call; those of
   *   sequences that rest mean nothing.
   * @throws {UsageError} if there is nothing to read, a token is not in the vocabulary, or a
   *   sequence outgrows the context.
   */
  append(tokens: readonly Int32Array[]): Promise<Float32Array>;
}

/** Far below any score, far from overflow. */
const FORBIDDEN = -1e9;
const SMALLEST_PAST = 32;
const SMALLEST_PROMPT = 16;

/**
 * A decoder for a model.
 *
 * @param weights - float32, by their names in the checkpoint; looked up and read in place at every
 *   run, so that they may change in between
 * @throws {GraphError} if a weight is missing.
 */
export function createDecoder(
  model: Model,
  runtime: Runtime,
  weights: ReadonlyMap<string, Buffer>,
  { tokensPerRun = 4096 }: DecoderOptions = {},
): Decoder {
  for (const name of model.params.keys()) {
    if (!weights.has(name)) throw new GraphError(`decoder: no weight "${name}"`);
  }
  const { vocabularySize, contextLength } = model;
  const widths = cacheWidths(model);
  const executables = new Map<string, Promise<Executable>>();

  function executable(sizes: DecodeSizes): Promise<Executable> {
    const key = `${sizes.batch},${sizes.length},${sizes.past}`;
    const loaded =
      executables.get(key) ??
      // Prompts are read rarely and need much memory, single tokens often and little.
      runtime.load(decodeProgram(model, sizes), { arena: sizes.length === 1 });
    executables.set(key, loaded);
    return loaded;
  }

  function open(batch: number): Decoding {
    const cache = attentionCache(widths, batch);
    const longest = Math.max(1, Math.floor(tokensPerRun / batch));
    const reserve = (slots: number) =>
      cache.reserve(Math.min(contextLength, roundUp(slots, SMALLEST_PAST)));
    reserve(0);
    let fetches: { readonly program: Program; readonly buffers: Buffers } | undefined;

    async function run(tokens: readonly Int32Array[]): Promise<Float32Array> {
      const counts = tokens.map((ids) => ids.length);
      const most = Math.max(...counts);
      const length = most === 1 ? 1 : Math.min(longest, roundUp(most, SMALLEST_PROMPT));
      const sizes = { batch, length, past: cache.capacity };
      const loaded = await executable(sizes);
      const { program } = loaded;
      if (fetches?.program !== program) {
        fetches = { program, buffers: allocate(runtime, program.outputs) };
      }
      const { buffers } = fetches;

      const positions = counts.map((count, b) => range(cache.lengths[b] ?? 0, count));
      const host = new Map<string, HostTensor>([
        ["ids", rightAligned(tokens, length)],
        ["positions", rightAligned(positions, length)],
        ["keyPositions", keyPositions(positions, sizes)],
        ["past.bias", attentionBias(cache.lengths, counts, sizes)],
        ...[...cache.tensors].map(([name, tensor]) => [`past.${name}`, tensor] as const),
      ]);
      const feeds = Object.keys(program.inputs).map((name) => {
        const tensor = host.get(name);
        const buffer = tensor ? runtime.adopt(tensor) : weights.get(name);
        if (!buffer) throw new GraphError(`decoder: no weight "${name}"`);
        return [name, buffer] as const;
      });
      await loaded.run(Object.fromEntries(feeds), buffers);

      const fresh = new Map<string, Float32Array>();
      for (const name of widths.keys()) fresh.set(name, await floats(buffers, `new.${name}`));
      reserve(Math.max(...counts.map((count, b) => count + (cache.lengths[b] ?? 0))));
      cache.append(fresh, counts);
      return floats(buffers, "logits");
    }

    return {
      lengths: cache.lengths,

      async append(tokens) {
        check(tokens, cache.lengths, model);
        const width = Math.max(...tokens.map((ids) => ids.length));
        let logits: Float32Array = new Float32Array();
        // The first run is the short one, so that the others have the same size.
        for (let end = width % longest || longest; end <= width; end += longest) {
          const columns = (ids: Int32Array) => {
            const at = (column: number) => Math.max(0, column - (width - ids.length));
            return ids.subarray(at(end - longest), at(end));
          };
          logits = await run(tokens.map(columns));
        }
        return logits;
      },
    };
  }

  return {
    vocabularySize,
    contextLength,
    open,
    async release() {
      const loaded = await Promise.all(executables.values());
      executables.clear();
      await Promise.all(loaded.map((each) => each.release()));
    },
  };
}

/** The first of `smallest`, 2 `smallest`, 4 `smallest`, … that is not below `size`. */
const roundUp = (size: number, smallest: number): number =>
  size <= smallest ? smallest : smallest * 2 ** Math.ceil(Math.log2(size / smallest));

const range = (start: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => start + i);

/** Rows filled up with zeros on the left, [B, T]. */
function rightAligned(rows: readonly Int32Array[], length: number): HostTensor {
  const data = new Int32Array(rows.length * length);
  for (const [b, row] of rows.entries()) data.set(row, (b + 1) * length - row.length);
  return int32([rows.length, length], data);
}

/** The positions of P slots, of which slot j holds token j, and of T new tokens, [B, P + T]. */
function keyPositions(
  positions: readonly Int32Array[],
  { batch, length, past }: DecodeSizes,
): HostTensor {
  const columns = past + length;
  const data = new Int32Array(batch * columns);
  for (const [b, row] of positions.entries()) {
    data.set(range(0, past), b * columns);
    data.set(row, (b + 1) * columns - row.length);
  }
  return int32([batch, columns], data);
}

/** [B, 1, T, P + T] */
function attentionBias(
  lengths: readonly number[],
  counts: readonly number[],
  { batch, length, past }: DecodeSizes,
): HostTensor {
  const columns = past + length;
  const bias = new Float32Array(batch * length * columns).fill(FORBIDDEN);
  for (const [b, count] of counts.entries()) {
    for (let t = length - count; t < length; t++) {
      const start = (b * length + t) * columns;
      bias.fill(0, start, start + (lengths[b] ?? 0));
      bias.fill(0, start + columns - count, start + past + t + 1);
    }
  }
  return float32([batch, 1, length, columns], bias);
}

const allocate = (runtime: Runtime, types: Program["outputs"]): Buffers =>
  Object.fromEntries(
    Object.entries(types).map(([name, { dtype, shape }]) => [
      name,
      runtime.allocate(dtype, staticShape("decoder", shape)),
    ]),
  );

async function floats(buffers: Buffers, name: string): Promise<Float32Array> {
  const buffer = buffers[name];
  if (!buffer) throw new GraphError(`decoder: the program has no output "${name}"`);
  return asFloat32(await readTensor(buffer));
}

function check(
  tokens: readonly Int32Array[],
  lengths: readonly number[],
  { vocabularySize, contextLength }: Model,
): void {
  if (tokens.length !== lengths.length) {
    throw new UsageError(`decoder: expected ${lengths.length} sequences; got ${tokens.length}`);
  }
  if (tokens.every((ids) => ids.length === 0)) throw new UsageError("decoder: no tokens to read");
  for (const [b, ids] of tokens.entries()) {
    const foreign = ids.find((id) => id < 0 || id >= vocabularySize);
    if (foreign !== undefined) {
      throw new UsageError(`decoder: token must be below ${vocabularySize}; got ${foreign}`);
    }
    const length = (lengths[b] ?? 0) + ids.length;
    if (length > contextLength) {
      throw new UsageError(`decoder: the context holds ${contextLength} tokens; got ${length}`);
    }
  }
}
