/**
 * @file Logits of the next token of a batch of sequences that grow, with cached keys and values.
 *
 * Programs have static shapes, so one is compiled per batch size B, number of new tokens T and
 * slots for past tokens P, with T and P rounded up to few sizes.
 *
 * The sequences of an encoder-decoder model are its answers; the encoder reads the prompts.
 */

import { GraphError, UsageError } from "../../errors.ts";
import type { Model } from "../../models/model.ts";
import { releaseAll } from "../../runtime/buffers.ts";
import { type Buffer, type Buffers, readTensor, type Runtime } from "../../runtime/runtime.ts";
import { asFloat32 } from "../../tensor/host-tensor.ts";
import { attentionCache } from "./cache.ts";
import { encode } from "./encoder.ts";
import { checkTokens, decoderFeeds, roundUp } from "./feeds.ts";
import { cacheWidths } from "./program.ts";
import { segmentsOf } from "./segments.ts";
import { weightPrograms } from "./weight-programs.ts";

/** How much is read in one run. */
export interface DecoderOptions {
  /**
   * The most tokens that one run reads, 4096 by default; longer prompts take several runs. An
   * encoder reads at least one prompt per run, however long.
   */
  readonly tokensPerRun?: number;
}

/** Runs a model on new tokens after those that it keeps in a cache. */
export interface Decoder {
  /** V */
  readonly vocabularySize: number;
  /** The most tokens of a prompt, and of one sequence; may be Infinity. */
  readonly contextLength: number;
  /** The length at which a sequence ends that nothing else ends. */
  readonly usualLength: number;
  /**
   * A batch of empty sequences, one for each prompt.
   *
   * @throws {UsageError} if an encoder cannot read a prompt.
   */
  open(prompts: readonly Int32Array[]): Promise<Decoding>;
  /** Frees the compiled programs. */
  release(): Promise<void>;
}

/** A batch of sequences; one call at a time. */
export interface Decoding {
  /** What to append first: the prompts, or where an encoder has read them, the start of an answer. */
  readonly first: readonly Int32Array[];
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
  /** Goes on with those sequences, in this order: the batch may grow, shrink, and repeat some. */
  select(rows: readonly number[]): void;
  /** Frees what the last run wrote; nothing is read any more. */
  release(): void;
}

const SMALLEST_PAST = 32;
const SMALLEST_PROMPT = 16;

/**
 * A decoder for a model.
 *
 * @param weights - as they rest (`nn/weights-at-rest.ts`), by their names in the checkpoint; looked up and read in place at every
 *   run, so that they may change in between
 * @throws {GraphError} if a weight is missing.
 * @throws {UsageError} if the model writes no text.
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
  if (!model.stages.some(({ decoding }) => decoding)) {
    throw new UsageError(`decoder: the model must be one that writes text; got ${model.type}`, {
      hint: "flora classify and flora embed are for models that read alone",
    });
  }
  const { vocabularySize, contextLength, usualLength = contextLength } = model;
  const widths = cacheWidths(model);
  const segments = segmentsOf(model, weights);
  const programs = weightPrograms(runtime, weights);

  async function open(prompts: readonly Int32Array[]): Promise<Decoding> {
    const hasEncoder = model.encoderEnd !== undefined;
    let encoded = hasEncoder
      ? await encode(model, prompts, { programs, weights, tokensPerRun })
      : undefined;
    const cache = attentionCache(widths, prompts.length);
    const reserve = (slots: number) =>
      cache.reserve(Math.min(contextLength, roundUp(slots, SMALLEST_PAST)));
    reserve(0);
    /** What the last run wrote, for the next of the same sizes. */
    let written: { readonly sizes: string; readonly outputs: readonly Buffers[] } = {
      sizes: "",
      outputs: [],
    };

    function releaseWritten(): void {
      for (const outputs of written.outputs) releaseAll(Object.values(outputs));
      written = { sizes: "", outputs: [] };
    }

    async function run(tokens: readonly Int32Array[], longest: number): Promise<Float32Array> {
      const counts = tokens.map((ids) => ids.length);
      const most = Math.max(...counts);
      const length = most === 1 ? 1 : Math.min(longest, roundUp(most, SMALLEST_PROMPT));
      const past = cache.capacity;
      const sizes = { batch: tokens.length, length, past, source: encoded?.length ?? 0 };
      const key = Object.values(sizes).join();
      const { ids, ...rows } = decoderFeeds({ lengths: cache.lengths, tokens, length, past });
      const inputs = programs.adopt([
        ...Object.entries(rows),
        ...[...cache.tensors].map(([name, tensor]) => [`past.${name}`, tensor] as const),
        ...(encoded?.tensors ?? []),
      ]);
      const known = written.sizes === key ? written.outputs : [];
      if (written.sizes !== key) releaseWritten();
      const all: Buffers[] = [];
      const fresh = new Map<string, Float32Array>();
      const given = runtime.adopt(ids);
      const fed = [given, ...inputs.values()];
      let x = given;
      for (const [i, segment] of segments.entries()) {
        inputs.set("x", x);
        const build = () => segment.build(x, sizes);
        // Prompts are read rarely and need much memory, single tokens often and little.
        const options = { arena: length === 1 };
        const executable = await programs.get(`${segment.key} ${key}`, build, options);
        const fetches = known[i] ?? programs.allocate(executable.program);
        await programs.run(executable, inputs, { fetches, names: segment.names });
        all.push(fetches);
        for (const [own, name] of segment.cached) {
          fresh.set(name, await floats(fetches, `new.${own}`));
        }
        x = fetches["y"] ?? x;
      }
      written = { sizes: key, outputs: all };
      releaseAll(fed);
      reserve(Math.max(...counts.map((count, b) => count + (cache.lengths[b] ?? 0))));
      cache.append(fresh, counts);
      return floats(all.at(-1) ?? {}, "logits");
    }

    return {
      first: hasEncoder ? prompts.map(() => startOf(model)) : prompts,

      get lengths() {
        return cache.lengths;
      },

      async append(tokens) {
        check(tokens, cache.lengths, model);
        const width = Math.max(...tokens.map((ids) => ids.length));
        const longest = Math.max(1, Math.floor(tokensPerRun / tokens.length));
        let logits: Float32Array = new Float32Array();
        // The first run is the short one, so that the others have the same size.
        for (let end = width % longest || longest; end <= width; end += longest) {
          const columns = (ids: Int32Array) => {
            const at = (column: number) => Math.max(0, column - (width - ids.length));
            return ids.subarray(at(end - longest), at(end));
          };
          logits = await run(tokens.map(columns), longest);
        }
        return logits;
      },

      select(rows) {
        cache.select(rows);
        encoded = encoded?.select(rows);
      },

      release: releaseWritten,
    };
  }

  const release = () => programs.release();
  return { vocabularySize, contextLength, usualLength, open, release };
}

/** The token from which an answer begins. */
function startOf({ type, decoderStart }: Model): Int32Array {
  if (decoderStart !== undefined) return Int32Array.of(decoderStart);
  throw new GraphError(`${type}: no token from which an answer begins`);
}

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
    checkTokens("decoder", ids, vocabularySize);
    const length = (lengths[b] ?? 0) + ids.length;
    if (length > contextLength) {
      throw new UsageError(`decoder: the context holds ${contextLength} tokens; got ${length}`);
    }
  }
}
