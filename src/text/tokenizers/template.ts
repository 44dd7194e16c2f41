/**
 * @file What a tokenizer puts around a text, or around two: the `post_processor` of tokenizer.json.
 *
 *   BERT   [CLS] a [SEP]    [CLS] a [SEP] b [SEP]    types 0, and 1 from b on
 *   T5     a </s>           a </s> b </s>            types 0
 *   Llama  <s> a            <s> a <s> b              types 0, and 1 from the second <s> on
 */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import type { Encoding } from "./tokenizer.ts";

/** Special tokens, or the place of the first or the second text; and their type. */
type Piece = { readonly type: number } & (
  | { readonly ids: readonly number[] }
  | { readonly text: 0 | 1 }
);

/** The pieces around one text, and around two. */
export interface Template {
  readonly single: readonly Piece[];
  readonly pair: readonly Piece[];
}

const TEXT: Piece = { text: 0, type: 0 };
const SECOND_TEXT: Piece = { text: 1, type: 1 };

/** Nothing around the texts. */
export const PLAIN: Template = { single: [TEXT], pair: [TEXT, SECOND_TEXT] };

/** One text, or two, with what the template puts around them. */
export function fillTemplate(template: Template, texts: readonly Int32Array[]): Encoding {
  const filled = (texts.length > 1 ? template.pair : template.single).map((piece) => ({
    ids: "ids" in piece ? piece.ids : (texts[piece.text] ?? []),
    type: piece.type,
  }));
  return {
    ids: Int32Array.from(filled.flatMap(({ ids }) => [...ids])),
    tokenTypes: Int32Array.from(filled.flatMap(({ ids, type }) => Array.from(ids, () => type))),
  };
}

/** The special tokens that stand before a single text. */
export function idsBefore({ single }: Template): readonly number[] {
  const place = single.findIndex((piece) => "text" in piece);
  return single.slice(0, place).flatMap((piece) => ("ids" in piece ? piece.ids : []));
}

/**
 * The template of a tokenizer.json.
 *
 * @throws {FormatError} if its post-processor is none that is known here.
 */
export function templateOf(path: string, tokenizer: Json): Template {
  const steps = stepsOf(tokenizer["post_processor"]).filter(({ type }) => type !== "ByteLevel");
  const [step] = steps;
  if (step === undefined) return PLAIN;
  const read = READERS[String(step["type"])];
  const template = steps.length === 1 ? read?.(step) : undefined;
  if (template) return template;
  const got = steps.map(({ type }) => String(type)).join(", ");
  throw new FormatError(path, `no post-processor that can be run; got ${got}`);
}

/** The processors of a sequence, or the one that stands alone. A "ByteLevel" adds nothing. */
function stepsOf(processor: unknown): readonly Json[] {
  if (!isObject(processor)) return [];
  const { type, processors } = processor;
  return type === "Sequence" && Array.isArray(processors)
    ? processors.filter(isObject).flatMap(stepsOf)
    : [processor];
}

const READERS: Readonly<Record<string, (processor: Json) => Template | undefined>> = {
  TemplateProcessing({ single, pair, special_tokens: special }) {
    const one = piecesOf(single, special);
    const two = piecesOf(pair, special);
    return one && two && { single: one, pair: two };
  },

  BertProcessing({ cls, sep }) {
    const start = tokenOf(cls);
    const end = tokenOf(sep);
    const single = [start, TEXT, end];
    return { single, pair: [...single, SECOND_TEXT, { ...end, type: 1 }] };
  },

  // One type, as RoBERTa has no other.
  RobertaProcessing({ cls, sep }) {
    const start = tokenOf(cls);
    const end = tokenOf(sep);
    const single = [start, TEXT, end];
    return { single, pair: [...single, end, { ...SECOND_TEXT, type: 0 }, end] };
  },
};

/** The token of a pair [content, id]. */
const tokenOf = (entry: unknown): { readonly ids: readonly number[]; readonly type: 0 } => ({
  ids: Array.isArray(entry) ? idsOf(entry.slice(1)) : [],
  type: 0,
});

const idsOf = (values: unknown): readonly number[] =>
  Array.isArray(values) ? values.filter((value) => typeof value === "number") : [];

/** The pieces of a template; undefined if one of them is of an unknown kind. */
function piecesOf(items: unknown, special: unknown): readonly Piece[] | undefined {
  if (!Array.isArray(items) || !isObject(special)) return undefined;
  const pieces = items.map((item: unknown): Piece | undefined => {
    if (!isObject(item)) return undefined;
    const { SpecialToken: token, Sequence: sequence } = item;
    if (isObject(sequence)) {
      return { text: sequence["id"] === "B" ? 1 : 0, type: typeOf(sequence) };
    }
    const entry = isObject(token) ? special[String(token["id"])] : undefined;
    return isObject(token) && isObject(entry)
      ? { ids: idsOf(entry["ids"]), type: typeOf(token) }
      : undefined;
  });
  const known = pieces.filter((piece) => piece !== undefined);
  return known.length === pieces.length ? known : undefined;
}

const typeOf = ({ type_id: type }: Json): number => (typeof type === "number" ? type : 0);
