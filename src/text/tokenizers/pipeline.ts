/**
 * @file A tokenizer.json at work, as Hugging Face's tokenizers run it:
 *
 *   text ─ added tokens ─ normalizer ─ pre-tokenizer ─ model ─► ids          ids ─► tokens ─ decoder ─► text
 */

import { FormatError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import { type Normalizer, normalizerOf } from "../pieces/normalizers.ts";
import { type Part, partOf } from "../pieces/part.ts";
import { type PreTokenizer, preTokenizerOf } from "../pieces/pre-tokenizers.ts";
import { modelOf } from "../vocabularies/model.ts";
import { addedByName, addedTokenFinder, addedTokensOf } from "./added-tokens.ts";
import { type Decoder, decoderOf } from "./decoders.ts";

export interface Pipeline {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** The id of what the vocabulary cannot spell, where there can be such. */
  readonly unknown: number | undefined;
  /** The ids that are no text. */
  readonly specialTokens: ReadonlySet<number>;
  readonly idOf: (token: string) => number | undefined;
  /** The ids of a text; nothing is added before or after them. */
  readonly encode: (text: string) => readonly number[];
  /** The text of ids; those outside the vocabulary and those in `left` are left out. */
  readonly decode: (ids: Iterable<number>, left: ReadonlySet<number>) => string;
}

/**
 * The parts of a tokenizer.json, put together.
 *
 * @param named - tokens that have a role by its configuration
 * @throws {FormatError} if a part is missing or of an unknown kind, or is not what its kind demands.
 */
export function pipelineOf(path: string, tokenizer: Json, named: readonly Json[] = []): Pipeline {
  const part = <T>(field: string, make: (part: Part) => T, otherwise: T): T => {
    const value = tokenizer[field];
    return value === undefined || value === null ? otherwise : make(partOf(path, field, value));
  };
  if (tokenizer["model"] === undefined) {
    throw new FormatError(path, "not a tokenizer that can be run; got no model");
  }
  const model = modelOf(partOf(path, "model", tokenizer["model"]));
  const normalize = part<Normalizer>("normalizer", normalizerOf, (text) => text);
  const split = part<PreTokenizer>("pre_tokenizer", preTokenizerOf, (piece) => [piece]);
  const decode = part<Decoder>("decoder", decoderOf, (tokens) => [tokens.join(" ")]);
  const listed = addedTokensOf(path, tokenizer, model.vocabulary);
  const added = [...listed, ...addedByName(path, listed, named, model.vocabulary)];
  const find = addedTokenFinder(added, normalize);

  const ids = new Map(added.map(({ content, id }) => [content, id] as const));
  const tokens = new Map<number, string>();
  for (const [token, id] of model.vocabulary) if (!ids.has(token)) tokens.set(id, token);
  for (const [token, id] of ids) tokens.set(id, token);
  let vocabularySize = 0;
  for (const id of tokens.keys()) vocabularySize = Math.max(vocabularySize, id + 1);
  return {
    vocabularySize,
    unknown: model.unknown,
    specialTokens: new Set(added.filter(({ isSpecial }) => isSpecial).map(({ id }) => id)),
    idOf: (token) => ids.get(token) ?? model.vocabulary.get(token),
    encode(text) {
      const found: number[] = [];
      for (const each of find(text.replaceAll(/\p{Surrogate}/gu, "\uFFFD"))) {
        if ("id" in each) found.push(each.id);
        else
          for (const { text: piece } of split(each)) {
            for (const id of model.encode(piece)) found.push(id);
          }
      }
      return found;
    },
    decode(given, left) {
      const read = Array.from(given).filter((id) => !left.has(id));
      return decode(read.flatMap((id) => tokens.get(id) ?? [])).join("");
    },
  };
}
