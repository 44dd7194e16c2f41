/** @file Vectors for texts: those of texts with similar meanings point in similar directions. */

import { option, UsageError } from "../errors.ts";
import type { SentenceConfig, Similarity } from "../generate/sentence-config.ts";
import { withPooling } from "../models/pooling.ts";
import { normalized } from "../nn/similarity.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { encode } from "./encoder.ts";
import {
  checkTask,
  encodeTexts,
  type Text,
  type PredictModel,
  type PredictOptions,
} from "./texts.ts";

/** How texts become vectors. */
export interface EmbedOptions extends PredictOptions {
  /** Whether vectors get the length 1, so that their product is the cosine; what the model's files say, or false, by default. */
  readonly normalize?: boolean;
  /** The name of a prompt of the model, which is put before each text; the model's default by default. */
  readonly prompt?: string | undefined;
}

/**
 * Vectors [C] for texts, in their order. A model that sentence-transformers wrote is read as its files say: its pooling, its prompts,
 * and the tokens after which a text ends.
 *
 * @throws {UsageError} if the model was not made for it, has no such prompt, or a text is too long.
 */
export async function embedTexts(
  loaded: PredictModel,
  runtime: Runtime,
  texts: readonly Text[],
  options: EmbedOptions = {},
): Promise<readonly Float32Array[]> {
  checkTask(loaded, "embedding", "embed");
  const { weights, tokenizer, sentence } = loaded;
  const model = sentence ? withPooling(loaded.model, sentence.pooling) : loaded.model;
  const { normalize = sentence?.normalizes ?? false } = options;
  return encode(
    {
      model,
      weights,
      runtime,
      pad: tokenizer.pad,
      finish: (hidden) => (normalize ? normalized(hidden) : hidden),
    },
    encodeTexts(loaded, readAs(texts, sentence, options.prompt), options),
    options,
  );
}

/** Texts as the files of the model want them. */
function readAs(
  texts: readonly Text[],
  sentence: SentenceConfig | undefined,
  name = sentence?.defaultPrompt,
): readonly Text[] {
  const { prompts = {}, lowercases = false } = sentence ?? {};
  const prompt = name === undefined ? "" : prompts[name];
  if (prompt === undefined) {
    const names = Object.keys(prompts).join(", ");
    throw new UsageError(`${option("prompt")}: the model has no such prompt; got ${name}`, {
      hint: names === "" ? "it has none" : `it has ${names}`,
    });
  }
  const read = (text: string): string =>
    lowercases ? (prompt + text).toLowerCase() : prompt + text;
  return texts.map((text) => (typeof text === "string" ? read(text) : [read(text[0]), text[1]]));
}

/** How alike two vectors are, as the files of the model measure it: by the cosine unless they say otherwise. */
export function similarityOf(
  { sentence }: Pick<PredictModel, "sentence">,
  a: Float32Array,
  b: Float32Array,
): number {
  return SIMILARITIES[sentence?.similarity ?? "cosine"](a, b);
}

const SIMILARITIES: Readonly<Record<Similarity, (a: Float32Array, b: Float32Array) => number>> = {
  cosine: cosineSimilarity,
  dot: (a, b) => a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0),
  euclidean: (a, b) => -Math.hypot(...a.map((x, i) => x - (b[i] ?? Number.NaN))),
  manhattan: (a, b) => -a.reduce((sum, x, i) => sum + Math.abs(x - (b[i] ?? Number.NaN)), 0),
};

/** The cosine of the angle between two vectors, -1 to 1. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  const product = a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
