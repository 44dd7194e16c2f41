/** @file What the rest of the library knows about a tokenizer. */

export interface Tokenizer {
  /** For people: "bytes", or the name of the folder that it came from. */
  readonly name: string;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** The id that ends a document, where the vocabulary has one. */
  readonly endOfText: number | undefined;
  /** The id that fills up short sequences; its positions never count. */
  readonly pad: number;
  /** The ids of a text; nothing is added before or after them. */
  encode(text: string): Int32Array;
  /**
   * The text of ids. Special tokens and ids outside the vocabulary are left out; bytes that are
   * not UTF-8 become U+FFFD.
   */
  decode(ids: Iterable<number>): string;
  /** The files to save beside a model, content by file name. */
  readonly files: ReadonlyMap<string, string>;
}
