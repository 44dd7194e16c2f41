/** @file What belongs to a model beside its weights. */

import { ADAPTER_CONFIG, CONFIG, INDEX } from "../weights/files/file-names.ts";

/** What tells people about a model. */
export const README = "README.md";

/** What may accompany weights: settings, and tokenizers in all their forms. */
const COMPANIONS: ReadonlySet<string> = new Set([
  CONFIG,
  ADAPTER_CONFIG,
  INDEX,
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "vocab.txt",
  "merges.txt",
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "source.spm",
  "target.spm",
]);

/** Whether a file of a model is small and belongs to it, by its path. */
export const isCompanion = (path: string): boolean =>
  COMPANIONS.has(path) || /^additional_chat_templates\/[^/]+\.jinja$/.test(path);
