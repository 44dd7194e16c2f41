/** @file The options of commands that make text: how long, how likely, and where it ends. */

import type { CompleteTextOptions, GenerationDefaults } from "../../generate/index.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { Chat } from "../../text/index.ts";
import { standardError } from "../terminal/terminal.ts";
import type { ParsedOptions } from "./options.ts";

export const generationOptions: OptionTable = {
  maxNewTokens: { kind: "integer", min: 0, help: "the most tokens to make" },
  temperature: { kind: "number", help: "spread of the choice; 0 takes the likeliest token" },
  topK: { kind: "integer", min: 0, help: "sample among so many tokens" },
  topP: { kind: "number", help: "sample among the likeliest tokens of this probability" },
  seed: { kind: "integer", min: 0, help: "seed of the sampling [0]" },
  repetitionPenalty: {
    kind: "number",
    help: "above 1, tokens that were there before become less likely",
  },
  stop: { kind: "text", repeats: true, help: "end before this text" },
};

/** Those that only searches and batches have. */
export const searchOptions: OptionTable = {
  beams: { kind: "integer", min: 0, help: "likeliest texts to follow side by side" },
  lengthPenalty: {
    kind: "number",
    help: "power of the length that divides a beam's log-probability",
  },
  batchSize: { kind: "integer", above: 0, help: "texts or beams to make together [32]" },
};

const SAMPLING = [
  "maxNewTokens",
  "temperature",
  "topK",
  "topP",
  "seed",
  "repetitionPenalty",
] as const;

const SEARCH = ["beams", "lengthPenalty", "batchSize"] as const;

type NumberName = (typeof SAMPLING)[number] | (typeof SEARCH)[number];

const USUAL_NEW_TOKENS = 128;

/**
 * The model's own options under those of the command line.
 *
 * @param searches - whether the command has the options of searches too
 */
export function generationSettings(
  options: ParsedOptions,
  defaults: CompleteTextOptions,
  { searches }: { readonly searches: boolean },
): CompleteTextOptions {
  const names: readonly NumberName[] = searches ? [...SAMPLING, ...SEARCH] : SAMPLING;
  const numbers: Partial<Record<NumberName, number>> = Object.fromEntries(
    names.flatMap((name) => {
      const value = options.number(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const stopStrings = options.texts("stop");
  return {
    ...(defaults.maxLength === undefined && { maxNewTokens: USUAL_NEW_TOKENS }),
    ...defaults,
    ...((numbers.temperature ?? 0) > 0 && { beams: 1 }),
    ...((numbers.beams ?? 1) > 1 && { temperature: 0 }),
    ...numbers,
    ...(stopStrings.length > 0 && { stopStrings }),
  };
}

/** An answer ends where the template ends it, whatever the model's file says besides. */
export function withAnswerEnd(options: CompleteTextOptions, chat: Chat): CompleteTextOptions {
  const { stopTokens, stopStrings } = chat.answerEnd();
  return {
    ...options,
    stopTokens: [...(options.stopTokens ?? []), ...stopTokens],
    stopStrings: [...(options.stopStrings ?? []), ...stopStrings],
  };
}

/** Says which fields of a model's file are passed over. */
export function reportIgnored({ ignored }: GenerationDefaults): void {
  for (const field of ignored) {
    standardError().write(`generation_config.json: ${field} is not known here and has no effect\n`);
  }
}

/** "38 tokens, 9.3 a second". */
export function speedInWords(tokens: number, ms: number): string {
  const rate = tokens / (ms / 1000);
  return `${tokens} tokens, ${rate.toFixed(rate < 10 ? 1 : 0)} a second`;
}
