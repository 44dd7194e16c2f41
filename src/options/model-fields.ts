/** @file The fields that a user gives a model from scratch, which decide its size if they are spelt well. */

import { option, UsageError } from "../errors.ts";
import type { ConfigFields } from "../models/config.ts";
import { knownFields, modelFromScratch } from "../models/architectures/registry.ts";
import { optionError } from "./tables/problems.ts";
import { closest } from "./tables/suggest.ts";

/** What transformers writes for models of any type. */
const COMMON = new Set([
  "bos_token_id",
  "eos_token_id",
  "pad_token_id",
  "decoder_start_token_id",
  "id2label",
  "is_decoder",
  "is_encoder_decoder",
  "label2id",
  "num_labels",
  "problem_type",
  "tie_word_embeddings",
]);

/**
 * Refuses what is a field of another type of model, or a misspelling. Fields that nobody here knows
 * may come from a whole config.json, and are kept.
 *
 * @throws {UsageError} naming the field, and the one that was probably meant; or every field of which the value is not allowed.
 */
export function checkModelFields(fields: ConfigFields): void {
  const { own, foreign } = knownFields(fields);
  const type = JSON.stringify(fields["model_type"] ?? "gpt2");
  for (const [name, value] of Object.entries(fields)) {
    if (own.includes(name) || COMMON.has(name) || value === null || value === undefined) continue;
    const near = closest(name, own);
    if (near === undefined && !foreign.has(name)) continue;
    throw new UsageError(`${option("model")}: the type ${type} has no field ${name}`, {
      hint: near === undefined ? `its fields: ${sizesOf(own)}` : `did you mean ${near}?`,
    });
  }
  checkValues(fields);
}

/** What is wrong with several fields together is found when the model is made with all that it needs. */
function checkValues(fields: ConfigFields): void {
  try {
    modelFromScratch(fields);
  } catch (error) {
    const problems = error instanceof UsageError ? error.problems : [];
    const ofModel = problems.map((problem) => ({ ...problem, option: `model.${problem.option}` }));
    if (ofModel.length > 0) throw optionError(ofModel, { table: {} });
  }
}

/** The fields that people set first. */
const sizesOf = (own: readonly string[]): string =>
  own
    .filter((name) => /^(n_|num_|d_|hidden_size|intermediate_size|head_dim)/.test(name))
    .join(", ");
