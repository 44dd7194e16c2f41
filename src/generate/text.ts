/**
 * @file Continuations of texts as texts, or answers to them, which end before stop strings.
 *
 * @example
 *   const runtime = cpuRuntime();
 *   const { model, weights, tokenizer, generation } = await loadModel(runtime, { directory });
 *   const decoder = createDecoder(model, runtime, weights);
 *   const options = { ...generation.options, maxNewTokens: 40, beams: 4, stopStrings: ["\n"] };
 *   const [made] = await completeText({ model, decoder, tokenizer }, ["Once upon a time"], options);
 */

import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { Tokenizer } from "../text/index.ts";
import type { Batching } from "./strategies/batching.ts";
import type { BeamStepOptions } from "./strategies/beam-step.ts";
import { beamSearch } from "./strategies/beam.ts";
import type { Decoder } from "./programs/decoder.ts";
import { complete, generate, type GenerateOptions } from "./strategies/generate.ts";
import { encodePrompt } from "./prompt.ts";
import { textStream } from "./stop-strings.ts";

/** What continues texts: a decoder and the tokenizer of its model. */
export interface TextModel {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly model: Pick<Model, "task">;
}

/** How texts are continued, and where they end. */
export interface TextOptions extends Omit<GenerateOptions, "isLast"> {
  /** A text ends before the first of these. What a prompt ends with is no part of it. */
  readonly stopStrings?: readonly string[];
}

/** How whole texts are made: sampled, greedily, or by beam search. */
export interface CompleteTextOptions
  extends TextOptions, Batching, Pick<BeamStepOptions, "lengthPenalty" | "earlyStopping"> {
  /** With others than 1, the default, the likeliest text that a beam search finds. */
  readonly beams?: number;
}

/** A piece of one continuation. */
export interface GeneratedText {
  /** The index of the prompt that it continues. */
  readonly sequence: number;
  /** What is new; only the last piece may be empty. */
  readonly text: string;
  /** The tokens of which it was made. */
  readonly tokens: number;
  /** Whether a stop string ends the continuation here. */
  readonly stopped: boolean;
}

/** A finished continuation. */
export interface CompletedText {
  readonly text: string;
  /** Of a beam search. */
  readonly score?: number;
}

/**
 * Continues all prompts together, and yields their texts as they are made.
 *
 * @param prompts - texts, or their tokens
 * @throws {UsageError} as `generate` does.
 * @throws the signal's reason, when it aborts.
 */
export async function* generateText(
  { decoder, tokenizer, model }: TextModel,
  prompts: readonly (string | Int32Array)[],
  { stopStrings, ...options }: TextOptions = {},
): AsyncGenerator<GeneratedText, void, undefined> {
  const ids = prompts.map((prompt) => tokensOf(prompt, tokenizer, model));
  const streams = ids.map(() => textStream(tokenizer, stopStrings));
  const texts = ids.map(() => "");
  const waiting = ids.map(() => 0);
  const isLast: GenerateOptions["isLast"] = ({ sequence, token }) => {
    const stream = streams[sequence];
    texts[sequence] = stream?.push(token) ?? "";
    waiting[sequence] = (waiting[sequence] ?? 0) + 1;
    return stream?.stopped ?? false;
  };
  const take = (sequence: number, text: string): GeneratedText => {
    const tokens = waiting[sequence] ?? 0;
    waiting[sequence] = 0;
    return { sequence, text, tokens, stopped: streams[sequence]?.stopped ?? false };
  };
  for await (const { sequence } of generate(decoder, ids, { ...options, isLast })) {
    const text = texts[sequence] ?? "";
    if (text !== "") yield take(sequence, text);
  }
  for (const [sequence, stream] of streams.entries()) {
    const text = stream.end();
    if (text !== "" || (waiting[sequence] ?? 0) > 0) yield take(sequence, text);
  }
}

/**
 * The continuations of all prompts, in their order, decoded in batches of similar lengths.
 *
 * @param prompts - texts, or their tokens
 * @throws {UsageError} as `complete` and `beamSearch` do, or if beams are to be sampled.
 * @throws the signal's reason, when it aborts.
 */
export async function completeText(
  { decoder, tokenizer, model }: TextModel,
  prompts: readonly (string | Int32Array)[],
  { stopStrings = [], beams = 1, ...options }: CompleteTextOptions = {},
): Promise<CompletedText[]> {
  const ids = prompts.map((prompt) => tokensOf(prompt, tokenizer, model));
  const read = (tokens: Iterable<number>) => {
    const stream = textStream(tokenizer, stopStrings);
    const shown = Array.from(tokens, (token) => stream.push(token));
    return { text: shown.join("") + stream.end(), stopped: stream.stopped };
  };
  if (beams !== 1) {
    if (options.temperature) {
      throw new UsageError(
        `generate: beams are the likeliest texts and not sampled; got temperature ${options.temperature}`,
        { hint: "set temperature to 0, or beams to 1" },
      );
    }
    const isLast = (tokens: readonly number[]) => stopStrings.length > 0 && read(tokens).stopped;
    const found = await beamSearch(decoder, ids, { ...options, beams, isLast });
    return found.map(([best]) => ({
      text: read(best?.tokens ?? []).text,
      score: best?.score ?? Number.NaN,
    }));
  }
  const streams = ids.map(() => textStream(tokenizer, stopStrings));
  const isLast: GenerateOptions["isLast"] = ({ sequence, token }) => {
    streams[sequence]?.push(token);
    return streams[sequence]?.stopped ?? false;
  };
  const made = await complete(decoder, ids, { ...options, isLast });
  return made.map((tokens) => ({ text: read(tokens).text }));
}

const tokensOf = (
  prompt: string | Int32Array,
  tokenizer: Tokenizer,
  model: Pick<Model, "task">,
): Int32Array => (typeof prompt === "string" ? encodePrompt(tokenizer, prompt, model) : prompt);
