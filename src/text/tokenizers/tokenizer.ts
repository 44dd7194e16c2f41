/** @file What the rest of the library knows about a tokenizer. */

export interface Tokenizer {
  /** For people: "bytes", or the name of the folder that it came from. */
  readonly name: string;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** The id that begins a prompt, where the tokenizer adds one: Llama's <s>, BERT's [CLS]. */
  readonly startOfText: number | undefined;
  /** The id that ends a document, where the vocabulary has one. */
  readonly endOfText: number | undefined;
  /** The id that fills up short sequences; its positions never count. */
  readonly pad: number;
  /** The id that hides a token that is to be guessed, where the vocabulary has one. */
  readonly mask: number | undefined;
  /** The id of what the vocabulary cannot spell, where there can be such. */
  readonly unknown: number | undefined;
  /** The ids that are no text, which `decode` leaves out. */
  readonly specialTokens: ReadonlySet<number>;
  /** The ids of a text; nothing is added before or after them. */
  encode(text: string): Int32Array;
  /** The ids of a text that is to be continued: what the tokenizer puts before a text comes first. */
  encodePrompt(text: string): Int32Array;
  /** The ids of a whole text, or of two, with all that the tokenizer puts around them. */
  encodeWithSpecialTokens(text: string, pair?: string): Encoding;
  /**
   * The text of ids. Special tokens and ids outside the vocabulary are left out; bytes that are
   * not UTF-8 become U+FFFD.
   */
  decode(ids: Iterable<number>): string;
  /** The files to save beside a model, content by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The tokens of a text, or of two, with those that the model wants around them. */
export interface Encoding {
  readonly ids: Int32Array;
  /** For each id the text that it belongs to: 0 or 1, as the tokenizer counts. */
  readonly tokenTypes: Int32Array;
}
