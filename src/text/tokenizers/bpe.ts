/**
 * @file A byte-level BPE vocabulary learned from texts: Sennrich, Haddow & Birch, "Neural Machine
 * Translation of Rare Words with Subword Units", ACL 2016, Algorithm 1; over bytes and within
 * GPT-2's words as in Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
 *
 *   (x, y) ← the most frequent pair of neighbours;  every "x y" → "xy";  until the size is reached
 *            or no pair occurs twice
 *
 * Of pairs that are equally frequent, the one whose left, then whose right symbol is older comes
 * first; bytes are as old as their characters are in Unicode. This is the order of the trainer in
 * Hugging Face's tokenizers, so that both learn the same merges.
 */

import { UsageError } from "../../errors.ts";
import { byteAlphabet } from "../pieces/byte-spelling.ts";
import { eachWord } from "../pieces/words.ts";
import { byteLevelFiles, END_OF_TEXT, type Merge } from "./byte-level.ts";
import { createTokenizer } from "./huggingface.ts";
import { createPairQueue, type Pair } from "./pair-queue.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The bytes and the end of text. */
const SMALLEST_VOCABULARY = 257;
const LARGEST_VOCABULARY = 2 ** 20;

/**
 * The vocabulary size of the option "bpe:SIZE"; undefined if the option is something else.
 *
 * @throws {UsageError} if SIZE is not a size.
 */
export function bpeSize(option: string): number | undefined {
  const [, size] = /^bpe:(.*)$/s.exec(option) ?? [];
  if (size === undefined) return undefined;
  return checkedSize(/^\d+$/.test(size) ? Number(size) : size);
}

/**
 * A tokenizer with the vocabulary of `texts`: the bytes, merges, and the end of text. It is smaller
 * than `vocabularySize` if the texts have no more pairs that occur twice.
 *
 * @throws {UsageError} if the size is not a whole number from 257 to 2²⁰.
 */
export function trainBpe(texts: Iterable<string>, vocabularySize: number): Tokenizer {
  const trainer = bpeTrainer(vocabularySize);
  for (const text of texts) trainer.add(text);
  return trainer.finish();
}

/** Learns from one text after another; of them it keeps the words. */
export interface BpeTrainer {
  /** Counts the words of a text. */
  add(text: string): void;
  /** The tokenizer with the merges that these words ask for. */
  finish(): Tokenizer;
}

/** @throws {UsageError} if the size is not a whole number from 257 to 2²⁰. */
export function bpeTrainer(vocabularySize: number): BpeTrainer {
  const limit = checkedSize(vocabularySize) - SMALLEST_VOCABULARY;
  const counts = new Map<string, number>();
  return {
    add(text) {
      for (const document of text.split(END_OF_TEXT)) {
        for (const word of eachWord(document)) {
          const count = counts.get(word);
          if (count === undefined) counts.set(detached(word), 1);
          else counts.set(word, count + 1);
        }
      }
    },
    finish() {
      const files = byteLevelFiles(learnMerges(counts, limit));
      return createTokenizer(files, { name: "bpe", path: "tokenizer.json" });
    },
  };
}

/** A copy that does not keep the text alive of which the word is a part. */
const detached = (word: string): string => ` ${word}`.slice(1);

function checkedSize(size: number | string): number {
  if (
    typeof size === "number" &&
    Number.isInteger(size) &&
    size >= SMALLEST_VOCABULARY &&
    size <= LARGEST_VOCABULARY
  ) {
    return size;
  }
  throw new UsageError(
    `tokenizer: the size of a BPE vocabulary must be a whole number from ${SMALLEST_VOCABULARY} ` +
      `to ${LARGEST_VOCABULARY}; got ${typeof size === "string" ? JSON.stringify(size) : size}`,
  );
}

/** At most `limit` merges, the first to be applied first. */
function learnMerges(counts: ReadonlyMap<string, number>, limit: number): readonly Merge[] {
  // A symbol is its age: the bytes in the order of their characters, then what is merged.
  const alphabet = byteAlphabet();
  const symbols = alphabet.toSorted();
  const symbolOf = alphabet.map((character) => symbols.indexOf(character));
  const encoder = new TextEncoder();
  const sequences = Array.from(counts.keys(), (word) =>
    Array.from(encoder.encode(word), (byte) => symbolOf[byte] ?? 0),
  );
  const frequencies = [...counts.values()];

  const queue = createPairQueue();
  for (const [index, sequence] of sequences.entries()) {
    const frequency = frequencies[index] ?? 0;
    for (const [i, right] of sequence.entries()) {
      const left = sequence[i - 1];
      if (left !== undefined) queue.change(left, right, { by: frequency, sequence: index });
    }
  }
  queue.enqueueNew();

  const merges: Merge[] = [];
  while (merges.length < limit) {
    const pair = queue.pop();
    if (pair === undefined) break;
    const merge: Merge = [symbols[pair.left] ?? "", symbols[pair.right] ?? ""];
    const merged = symbols.push(merge.join("")) - 1;
    for (const index of pair.sequences) {
      const by = frequencies[index] ?? 0;
      const before = sequences[index] ?? [];
      sequences[index] = mergePair(before, pair, merged, (left, right, sign) =>
        queue.change(left, right, { by: sign * by, sequence: index }),
      );
    }
    queue.enqueueNew();
    merges.push(merge);
  }
  return merges;
}

/** The symbols with each occurrence of the pair merged, from left to right; reports what changed. */
function mergePair(
  symbols: readonly number[],
  { left, right }: Pair,
  merged: number,
  change: (left: number, right: number, sign: 1 | -1) => void,
): number[] {
  const result: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i] ?? 0;
    if (symbol !== left || symbols[i + 1] !== right) {
      result.push(symbol);
      continue;
    }
    const before = result.at(-1);
    const after = symbols[i + 2];
    if (before !== undefined) {
      change(before, left, -1);
      change(before, merged, 1);
    }
    if (after !== undefined) {
      change(right, after, -1);
      change(merged, after, 1);
    }
    result.push(merged);
    i++;
  }
  return result;
}
