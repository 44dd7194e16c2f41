/** @file Texts as the prompts that a model knows. */

import { UsageError } from "../errors.ts";
import { promptIds } from "../data/sequences/sequence.ts";
import type { Model } from "../models/model.ts";
import type { Tokenizer } from "../text/index.ts";

/**
 * The tokens of a prompt: what the tokenizer puts before a text, the text and, for an encoder, the
 * end of text. A model that knows the end of a text begins a new one after it, where a prompt is empty.
 *
 * @throws {UsageError} if there is nothing to begin with.
 */
export function encodePrompt(
  tokenizer: Tokenizer,
  text: string,
  { task }: Pick<Model, "task">,
): Int32Array {
  const ids = promptIds(tokenizer, text, { prefix: "", suffix: "", ends: task === "seq2seq" });
  if (ids.length > 0) return ids;
  if (tokenizer.endOfText !== undefined) return Int32Array.of(tokenizer.endOfText);
  throw new UsageError(
    "generate: the prompt is empty, and the tokenizer has nothing to begin with",
  );
}
