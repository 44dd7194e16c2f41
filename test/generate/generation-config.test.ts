/** Options of generation_config.json against those that transformers' `generate` takes from it. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { generationDefaults } from "../../src/generate/generation-config.ts";

interface Resolved {
  readonly eos_token_id: number | readonly number[] | null;
  readonly stop_strings: string | readonly string[] | null;
  readonly do_sample: boolean;
  readonly temperature: number;
  readonly top_k: number;
  readonly top_p: number;
  readonly max_new_tokens: number | null;
  readonly max_length: number;
  readonly min_new_tokens: number | null;
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean | "never";
  readonly repetition_penalty: number;
  readonly no_repeat_ngram_size: number;
}
interface Golden {
  readonly cases: readonly {
    readonly fields: Readonly<Record<string, unknown>>;
    readonly resolved: Resolved;
  }[];
}
const golden: Golden = JSON.parse(readFileSync("test/golden/generation_config.json", "utf8"));
const path = "generation_config.json";

describe("the options of a model", () => {
  it.each(golden.cases)("are transformers' for $fields", ({ fields, resolved }) => {
    const { options, ignored } = generationDefaults(fields, { path, endOfText: undefined });
    expect(ignored).toEqual([]);
    expect(options.stopTokens).toEqual([resolved.eos_token_id ?? []].flat());
    expect(options.stopStrings).toEqual([resolved.stop_strings ?? []].flat());
    expect(options.temperature).toBe(resolved.do_sample ? resolved.temperature : 0);
    // What is chosen among matters to sampling alone.
    if (resolved.do_sample) expect(options.topK ?? 0).toBe(resolved.top_k);
    expect(options.topP ?? 1).toBe(resolved.top_p);
    expect(options.maxNewTokens ?? null).toBe(resolved.max_new_tokens);
    // 20 is the length that transformers has where nobody gives one.
    expect(options.maxLength ?? 20).toBe(resolved.max_length);
    expect(options.minNewTokens ?? null).toBe(resolved.min_new_tokens);
    expect(options.beams ?? 1).toBe(resolved.num_beams);
    expect(options.lengthPenalty ?? 1).toBe(resolved.length_penalty);
    expect(options.earlyStopping ?? false).toBe(resolved.early_stopping);
    expect(options.repetitionPenalty ?? 1).toBe(resolved.repetition_penalty);
    expect(options.noRepeatNgramSize ?? 0).toBe(resolved.no_repeat_ngram_size);
  });

  it("end at the tokenizer's end of text where the file names none", () => {
    const stops = (fields: Readonly<Record<string, unknown>>) =>
      generationDefaults(fields, { path, endOfText: 5 }).options.stopTokens;
    expect([stops({}), stops({ eos_token_id: null }), stops({ eos_token_id: 3 })]).toEqual([
      [5],
      [5],
      [3],
    ]);
  });

  it("name what has no effect, unless it has none anywhere", () => {
    const fields = {
      forced_eos_token_id: 2,
      min_p: 0.1,
      typical_p: 1.0,
      bad_words_ids: null,
      encoder_no_repeat_ngram_size: 0,
      transformers_version: "4.31.0",
    };
    const { ignored } = generationDefaults(fields, { path, endOfText: undefined });
    expect(ignored).toEqual(["forced_eos_token_id", "min_p"]);
  });

  it.each([
    [{ eos_token_id: "</s>" }, /^generation_config\.json: eos_token_id: /],
    [{ temperature: "hot" }, /^generation_config\.json: temperature: .*expected number/],
    [{ do_sample: 1 }, /^generation_config\.json: do_sample: .*expected boolean/],
    [{ top_k: 1.5 }, /^generation_config\.json: top_k: .*expected int/],
  ])("%j are refused", (fields, message) => {
    const read = () => generationDefaults(fields, { path, endOfText: undefined });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });
});
