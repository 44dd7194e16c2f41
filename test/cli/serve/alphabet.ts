/** A model that goes on with the alphabet: after every letter the next, and after z the end. It waits before each token, if it is told to. */

import type { Decoder, TextModel } from "../../../src/generate/index.ts";
import { byteTokenizer, createChat } from "../../../src/text/index.ts";
import type { ServedModel } from "../../../src/cli/serve/question.ts";

const tokenizer = byteTokenizer();
const END = tokenizer.endOfText ?? 0;
const [A, Z] = [97, 122];
const next = (token: number): number =>
  token === Z ? END : token >= A && token < Z ? token + 1 : A;

export interface Pace {
  /** Is waited for before each token. */
  wait(): Promise<void>;
  /** Tokens that were made. */
  made: number;
}

function alphabet(pace: Pace): Decoder {
  return {
    vocabularySize: tokenizer.vocabularySize,
    contextLength: 64,
    usualLength: 64,
    open: (prompts) => {
      const lengths = prompts.map(() => 0);
      return Promise.resolve({
        first: prompts,
        lengths,
        select: () => undefined,
        release: () => undefined,
        async append(tokens) {
          await pace.wait();
          pace.made += 1;
          const logits = new Float32Array(tokens.length * tokenizer.vocabularySize);
          for (const [row, ids] of tokens.entries()) {
            lengths[row] = (lengths[row] ?? 0) + ids.length;
            logits[row * tokenizer.vocabularySize + next(ids.at(-1) ?? 0)] = 9;
          }
          return logits;
        },
      });
    },
    release: () => Promise.resolve(),
  };
}

const TEMPLATE =
  "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}";

/** The model under the name "letters"; answers end before a newline too. */
export function letters(pace: Pace): ServedModel {
  const text: TextModel = { decoder: alphabet(pace), tokenizer, model: { task: "causal" } };
  const settings = { stopTokens: [END] };
  const template = createChat({
    ...tokenizer,
    files: new Map([...tokenizer.files, ["chat_template.jinja", TEMPLATE]]),
  });
  return { name: "letters", text, settings, chat: { template, settings }, mostTokens: 40 };
}
