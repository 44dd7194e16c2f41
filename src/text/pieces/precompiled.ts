/**
 * @file The normalizer "Precompiled": sentencepiece's table of normalized characters.
 *
 *   N       4 bytes, unsigned, little-endian
 *   trie    N bytes, a double array of uint32 (Aoe, 1989; darts-clone): from the bytes of a text to a place below
 *   texts   UTF-8, each ended by a zero
 *
 * A cluster of less than six bytes is looked up as a whole and, if nothing of it is found, by its characters, as in Hugging Face's
 * tokenizers: what is found is that of its shortest beginning, and stands for all of it.
 */

import { FormatError } from "../../errors.ts";
import { type Part, textField } from "./part.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Pieces remembered, and the length up to which they are. */
const REMEMBERED = 50_000;
const REMEMBERED_LENGTH = 64;

/**
 * The normalizer of the table in the field "precompiled_charsmap".
 *
 * @throws {FormatError} if it is no such table.
 */
export function precompiled(part: Part): (text: string) => string {
  const { trie, texts } = tableOf(part);
  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  const found = new Map<string, string | undefined>();
  const lookUp = (chunk: string): string | undefined => {
    if (found.has(chunk)) return found.get(chunk);
    const place = shortestPrefix(trie, ENCODER.encode(chunk));
    const end = place === undefined ? -1 : texts.indexOf(0, place);
    const text = DECODER.decode(texts.subarray(place, end < 0 ? undefined : end));
    const result = place === undefined ? undefined : text;
    if (found.size < REMEMBERED) found.set(chunk, result);
    return result;
  };
  const byCharacters = (cluster: string): string =>
    Array.from(cluster, (character) => lookUp(character) ?? character).join("");
  const normalize = (piece: string): string =>
    // A character of ASCII is a cluster.
    /^[ -~]*$/.test(piece) ? byCharacters(piece) : byClusters(piece);
  const byClusters = (piece: string): string =>
    Array.from(graphemes.segment(piece), ({ segment }) => {
      const isShort = segment.length < 6 && ENCODER.encode(segment).length < 6;
      return (isShort ? lookUp(segment) : undefined) ?? byCharacters(segment);
    }).join("");

  const known = new Map<string, string>();
  const remembering = (piece: string): string => {
    const before = known.get(piece);
    if (before !== undefined) return before;
    const made = normalize(piece);
    if (known.size < REMEMBERED && piece.length <= REMEMBERED_LENGTH) known.set(piece, made);
    return made;
  };
  // No cluster reaches from a letter of ASCII over a space.
  return (text) =>
    text
      .split(/(?<=[!-~])(?= )/)
      .map(remembering)
      .join("");
}

interface Table {
  readonly trie: Uint32Array;
  readonly texts: Uint8Array;
}

function tableOf(part: Part): Table {
  const bytes = bytesOfBase64(part);
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (size === 0 || size % 4 !== 0 || size + 4 > bytes.length) {
    const got = `${bytes.length} bytes`;
    throw new FormatError(
      part.path,
      `${part.field} ${part.type}: no table of characters; got ${got}`,
    );
  }
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return { trie, texts: bytes.subarray(4 + size) };
}

function bytesOfBase64(part: Part): Uint8Array<ArrayBuffer> {
  const text = textField(part, "precompiled_charsmap");
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    const what = `${part.field} ${part.type}: precompiled_charsmap: not base64`;
    throw new FormatError(part.path, what, { cause });
  }
}

/** The value of the shortest key that the bytes begin with. */
function shortestPrefix(trie: Uint32Array, bytes: Uint8Array): number | undefined {
  let place = offsetOf(trie[0] ?? 0);
  for (const byte of bytes) {
    if (byte === 0) return undefined;
    place ^= byte;
    const unit = trie[place] ?? 0;
    if (labelOf(unit) !== byte) return undefined;
    place ^= offsetOf(unit);
    if (hasLeaf(unit)) return (trie[place] ?? 0) & 0x7fff_ffff;
  }
  return undefined;
}

const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const labelOf = (unit: number): number => (unit & 0x8000_00ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
