/** @file Preferences as sequences of tokens: each answer after the prompt, as a pair or a conversation of its own. */

import type { Chat } from "../../text/chat/chat.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import type { Preference, Said } from "../examples/preferences.ts";
import type { Weighted } from "../examples/row-weight.ts";
import { conversationSequences } from "./conversations.ts";
import { fitExamples, type FitOptions, type Fitted } from "./fit.ts";
import { type LanguageModelSequence, pairSequence, type PromptTemplate } from "./sequence.ts";

/** Both answers after their prompt. */
export interface PreferenceSequences extends Weighted {
  readonly chosen: LanguageModelSequence;
  readonly rejected: LanguageModelSequence;
}

/** How prompts and answers are written, and how long they may be. */
export interface PreferenceSequencesOptions extends FitOptions {
  readonly tokenizer: Tokenizer;
  /** Of texts. */
  readonly template: PromptTemplate;
  /** Of messages. */
  readonly chat: () => Chat;
}

/**
 * Preferences of which both answers fit, in order. Prompts that are texts may be cut; conversations may not.
 *
 * @throws {UsageError} as `fitExamples` does, or if the chat's template refuses one.
 */
export function preferenceSequences(
  preferences: readonly Preference[],
  { tokenizer, template, chat, ...options }: PreferenceSequencesOptions,
): Fitted<PreferenceSequences> {
  const sequence = (preference: Preference, answer: Said): LanguageModelSequence => {
    const { prompt, weight, variables = {} } = preference;
    if (typeof prompt === "string" && typeof answer === "string") {
      const pair = { source: prompt, target: answer, ...(weight !== undefined && { weight }) };
      return pairSequence(tokenizer, pair, template);
    }
    const given = messagesOf(prompt);
    const conversation = {
      messages: [...given, ...messagesOf(answer)],
      variables,
      silent: new Set(given.keys()),
      ...(weight !== undefined && { weight }),
    };
    const { sequences } = conversationSequences(chat(), [conversation], {
      contextLength: Infinity,
    });
    // Where a template rewrites earlier turns, the last answer is the one in its own words.
    return sequences.at(-1) ?? NOTHING;
  };
  return fitExamples(
    preferences,
    {
      what: "preferences",
      encode: (preference): PreferenceSequences => ({
        chosen: sequence(preference, preference.chosen),
        rejected: sequence(preference, preference.rejected),
        ...(preference.weight !== undefined && { weight: preference.weight }),
      }),
      lengthOf: preferenceLength,
      texts: ({ prompt }) => (typeof prompt === "string" ? [prompt] : []),
      withTexts: (preference, [prompt = ""]) => ({ ...preference, prompt }),
    },
    options,
  );
}

/** Tokens of the longer input of two. */
export const preferenceLength = ({ chosen, rejected }: PreferenceSequences): number =>
  Math.max(chosen.ids.length, rejected.ids.length) - 1;

const messagesOf = (said: Said) =>
  typeof said === "string" ? [{ role: "assistant", content: said }] : said;

/** Of an answer without a token. */
const NOTHING: LanguageModelSequence = { ids: new Int32Array(2), lossFrom: 2 };
