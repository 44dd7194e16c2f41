/**
 * @file The model "Unigram": Kudo, "Subword Regularization", ACL 2018. Of all ways to write a piece in tokens the likeliest, found by
 * Viterbi's algorithm:
 *
 *   best(j) = max over tokens w that end at j of best(j - |w|) + score(w)
 *
 * A character that is no token scores ten less than the worst one. Neighbours that are unknown are one piece, which is unknown, or is
 * written in tokens of its bytes. Of ways that are equally likely the one whose last token begins first counts.
 */

import { FormatError } from "../../errors.ts";
import { flagField, type Part, wrongField } from "../pieces/part.ts";
import { remembering } from "./remembering.ts";
import { type TokenizerModel, unknownPiece, type Vocabulary } from "./vocabulary.ts";

const UNKNOWN_PENALTY = 10;

/** @throws {FormatError} if it has no list of tokens and scores. */
export function unigram(part: Part): TokenizerModel {
  const pieces = piecesOf(part);
  const vocabulary: Vocabulary = new Map(pieces.map(({ token }, id) => [token, id]));
  const { unk_id: given } = part.json;
  const unknown = typeof given === "number" ? given : undefined;
  if (unknown !== undefined && pieces[unknown] === undefined) {
    wrongField(part, "unk_id", "the id of a token");
  }
  const best = segmenter(part, pieces, unknown);
  const writesBytes = flagField(part, "byte_fallback", false);
  const encoder = new TextEncoder();
  const inBytes = (text: string): readonly number[] | undefined => {
    const ids = Array.from(encoder.encode(text), (byte) =>
      vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
    );
    const found = ids.filter((id) => id !== undefined);
    return found.length === ids.length ? found : undefined;
  };
  const idsOf = (token: string): readonly number[] => {
    const id = vocabulary.get(token);
    if (id !== undefined) return [id];
    return (writesBytes ? inBytes(token) : undefined) ?? [unknown ?? unknownPiece(part)];
  };
  return { vocabulary, unknown, encode: remembering((piece) => best(piece).flatMap(idsOf)) };
}

interface ScoredToken {
  readonly token: string;
  readonly score: number;
}

function piecesOf(part: Part): readonly ScoredToken[] {
  const { vocab } = part.json;
  if (!Array.isArray(vocab)) return wrongField(part, "vocab", "a list of tokens and scores");
  return vocab.map((entry: unknown, id) => {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof token === "string" && typeof score === "number") return { token, score };
    const what = `${part.field} ${part.type}: vocab: must be of tokens and scores`;
    throw new FormatError(part.path, `${what}; got ${JSON.stringify(entry)} as number ${id}`);
  });
}

/** The tokens that a piece is written in, with unknown characters joined. */
function segmenter(
  part: Part,
  pieces: readonly ScoredToken[],
  unknown: number | undefined,
): (piece: string) => readonly string[] {
  // As in the reference, the last of several that are alike.
  const ids = new Map(pieces.map(({ token }, id) => [token, id]));
  const worst = pieces.reduce((min, { score }) => Math.min(min, score), Infinity);
  const longest = pieces.reduce((max, { token }) => Math.max(max, token.length), 0);
  const beginnings = new Set(
    pieces.flatMap(({ token }) =>
      Array.from({ length: token.length }, (_, i) => token.slice(0, i + 1)),
    ),
  );
  return (piece) => {
    const size = piece.length;
    const scores = new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const isUnknown = new Uint8Array(size + 1);
    const offer = (start: number, end: number, score: number, id: number | undefined): void => {
      const total = score + (scores[start] ?? 0);
      if (starts[end] !== -1 && total <= (scores[end] ?? 0)) return;
      scores[end] = total;
      starts[end] = start;
      isUnknown[end] = id === unknown ? 1 : 0;
    };
    for (let start = 0; start < size;) {
      const width = (piece.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      let isToken = false;
      for (let end = start + 1; end <= Math.min(size, start + longest); end++) {
        const token = piece.slice(start, end);
        if (!beginnings.has(token)) break;
        const id = ids.get(token);
        if (id === undefined) continue;
        offer(start, end, pieces[id]?.score ?? 0, id);
        if (end === start + width) isToken = true;
      }
      if (!isToken) {
        if (unknown === undefined) unknownPiece(part);
        offer(start, start + width, worst - UNKNOWN_PENALTY, unknown);
      }
      start += width;
    }
    return joined(piece, starts, isUnknown);
  };
}

/** The tokens along the best way, from the end; unknown neighbours as one. */
function joined(piece: string, starts: Int32Array, isUnknown: Uint8Array): readonly string[] {
  const tokens: string[] = [];
  let joins = false;
  for (let end = piece.length; end > 0;) {
    const start = starts[end] ?? 0;
    const unknown = isUnknown[end] === 1;
    const token = piece.slice(start, end);
    tokens.push(joins && unknown ? token + (tokens.pop() ?? "") : token);
    joins = unknown;
    end = start;
  }
  return tokens.toReversed();
}
