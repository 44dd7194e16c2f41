/**
 * @file Text from ids that arrive one at a time.
 *
 * One id may be part of a character, and the text of an id may depend on its neighbours. What is
 * returned is therefore the growth of the text of the last few ids, less an ending that the next
 * id may change. All that is returned, put together, is the text of all ids.
 */

import type { Tokenizer } from "./tokenizers/tokenizer.ts";

/** Text of tokens that come one by one; characters that are not complete yet are held back. */
export interface StreamDecoder {
  /** The text that is now certain, often empty. */
  push(id: number): string;
  /** What is held back now: the rest of the text, if nothing follows. */
  end(): string;
}

/** A character that is not complete yet, or a space that a tokenizer may remove before "n't". */
const UNSETTLED = /[\uFFFD\s']+$/u;

/** Decodes one stream of tokens. */
export function streamDecoder(tokenizer: Tokenizer): StreamDecoder {
  let window: number[] = []; // what was returned last, as context, and what came since
  let contextSize = 0;
  let returned = ""; // the text of the window that was returned already

  return {
    push(id) {
      window.push(id);
      const text = tokenizer.decode(window);
      const settled = text.replace(UNSETTLED, "");
      if (settled.length <= returned.length || !settled.startsWith(returned)) return "";
      const growth = settled.slice(returned.length);
      returned = settled;
      if (settled === text) {
        window = window.slice(contextSize);
        contextSize = window.length;
        returned = tokenizer.decode(window);
      }
      return growth;
    },

    end: () => tokenizer.decode(window).slice(returned.length),
  };
}
