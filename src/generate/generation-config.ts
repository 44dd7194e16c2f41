/**
 * @file What generation_config.json asks for, as transformers reads it; a model without that file
 * may have the same fields in config.json.
 *
 * Where "do_sample" is true, "temperature" is 1 and "top_k" 50 unless it says otherwise. Where no
 * end of text is named the tokenizer's stops a sequence, which it does not in transformers.
 */

import { z } from "zod";
import { FormatError } from "../errors.ts";
import type { CompleteTextOptions } from "./text.ts";

/** What a model's generation_config.json asks for. */
export interface GenerationDefaults {
  readonly options: CompleteTextOptions;
  /** Fields that change what transformers generates, and nothing here. */
  readonly ignored: readonly string[];
}

const USUAL_TOP_K = 50;

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)]).nullish();
const count = z.int().min(0).nullish();
const number = z.number().nullish();

const schema = z.looseObject({
  eos_token_id: oneOrMore(z.int().min(0)),
  stop_strings: oneOrMore(z.string()),
  do_sample: z.boolean().nullish(),
  early_stopping: z.union([z.boolean(), z.literal("never")]).nullish(),
  max_new_tokens: count,
  max_length: count,
  min_new_tokens: count,
  temperature: number,
  top_k: count,
  top_p: number,
  repetition_penalty: number,
  no_repeat_ngram_size: count,
  num_beams: count,
  length_penalty: number,
});

/** Options that are numbers, by the fields that hold them. */
const NUMBERS = {
  max_new_tokens: "maxNewTokens",
  max_length: "maxLength",
  min_new_tokens: "minNewTokens",
  top_k: "topK",
  top_p: "topP",
  repetition_penalty: "repetitionPenalty",
  no_repeat_ngram_size: "noRepeatNgramSize",
  num_beams: "beams",
  length_penalty: "lengthPenalty",
} as const;

/** Other fields, with the values at which they change nothing. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  bad_words_ids: [],
  begin_suppress_tokens: [],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  exponential_decay_length_penalty: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  guidance_scale: [1],
  min_length: [0],
  min_p: [0],
  num_beam_groups: [1],
  penalty_alpha: [0],
  sequence_bias: [],
  suppress_tokens: [],
  top_h: [1],
  typical_p: [1],
};

/**
 * The options that a model comes with.
 *
 * @param fields - of the file at `path`
 * @throws {FormatError} if a field is not what it should be.
 */
export function generationDefaults(
  fields: Readonly<Record<string, unknown>>,
  { path, endOfText }: { readonly path: string; readonly endOfText: number | undefined },
): GenerationDefaults {
  const parsed = schema.safeParse(fields);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(path, `${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { eos_token_id, stop_strings, do_sample, early_stopping, temperature } = parsed.data;
  // 0 tokens to choose among stand for all.
  const topK = (parsed.data.top_k ?? (do_sample ? USUAL_TOP_K : 0)) || null;
  const given: Readonly<Record<string, unknown>> = { ...parsed.data, top_k: topK };
  const numbers: Partial<Record<(typeof NUMBERS)[keyof typeof NUMBERS], number>> =
    Object.fromEntries(
      Object.entries(NUMBERS).flatMap(([field, option]) => {
        const value = given[field];
        return typeof value === "number" ? [[option, value] as const] : [];
      }),
    );
  return {
    options: {
      stopTokens: [eos_token_id ?? endOfText ?? []].flat(),
      stopStrings: [stop_strings ?? []].flat(),
      temperature: do_sample ? (temperature ?? 1) : 0,
      ...numbers,
      ...(early_stopping != null && { earlyStopping: early_stopping }),
    },
    ignored: Object.entries(NEUTRAL)
      .filter(([name, neutral]) => ![null, undefined, ...neutral].includes(fields[name]))
      .map(([name]) => name),
  };
}
