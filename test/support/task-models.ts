/** A small model for each task, and tokenizers for them. */

import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { modelFromScratch } from "../../src/models/architectures/registry.ts";
import type { Model } from "../../src/models/model.ts";
import { byteTokenizer, type Tokenizer } from "../../src/text/index.ts";
import { bertTokenizer } from "./bert-tokenizer.ts";

/** Tokens are bytes. */
export const bytes: Tokenizer = byteTokenizer();

/** The same, with a chat template. */
export const bytesWithTemplate = (template: string): Tokenizer => ({
  ...bytes,
  files: new Map([...bytes.files, ["chat_template.jinja", template]]),
});

export const causal: Model = gpt2({
  vocab_size: 257,
  n_positions: 64,
  n_embd: 8,
  n_layer: 1,
  n_head: 1,
});

export const seq2seq: Model = modelFromScratch({
  model_type: "t5",
  vocab_size: 257,
  decoder_start_token_id: 0,
});

/** For `bertTokenizer`, and classes "a" and "b". */
export const encoder = (architecture: string): Model =>
  bert({
    architectures: [architecture],
    vocab_size: bertTokenizer.vocabularySize,
    id2label: { "0": "a", "1": "b" },
  });
