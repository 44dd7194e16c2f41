/**
 * @file The text of one sequence as its tokens are made, which ends before a stop string.
 *
 * Of several stop strings, that one counts which is complete first, however the text is cut into
 * tokens; of those complete at once the longest.
 */

import { streamDecoder, type Tokenizer } from "../text/index.ts";

export interface TextStream {
  /** What may be shown now. */
  push(token: number): string;
  /** Whether a stop string has come. Nothing is shown afterwards. */
  readonly stopped: boolean;
  /** What was held back, and is no stop string. */
  end(): string;
}

/** The text of tokens up to the first stop string. */
export function textStream(tokenizer: Tokenizer, stopStrings: readonly string[] = []): TextStream {
  const decoder = streamDecoder(tokenizer);
  const filter = stopFilter(stopStrings);
  return {
    push(token) {
      const settled = filter.push(decoder.push(token));
      if (stopStrings.length === 0) return settled;
      // A token may complete a stop string with characters that the next token might change.
      const pending = decoder.end();
      return filter.stopsIn(pending) ? settled + filter.push(pending) : settled;
    },
    get stopped() {
      return filter.stopped;
    },
    end: () => filter.push(decoder.end()) + filter.end(),
  };
}

export interface StopFilter {
  /** What may be shown now. */
  push(text: string): string;
  /** Whether the text would stop within `text`, if that followed. */
  stopsIn(text: string): boolean;
  readonly stopped: boolean;
  /** What was held back, and is no stop string. */
  end(): string;
}

/** A filter that holds back what may be the beginning of a stop string. */
export function stopFilter(stopStrings: readonly string[]): StopFilter {
  const stops = stopStrings.filter((stop) => stop !== "");
  let held = "";
  let stopped = false;
  return {
    push(text) {
      if (stopped) return "";
      held += text;
      const start = firstStop(held, stops);
      stopped = start !== undefined;
      const end = start ?? held.length - overlap(held, stops);
      const shown = held.slice(0, end);
      held = stopped ? "" : held.slice(end);
      return shown;
    },
    stopsIn: (text) => !stopped && firstStop(held + text, stops) !== undefined,
    get stopped() {
      return stopped;
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** Where the stop string begins that is complete first. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  const found = stops
    .map((stop) => ({ start: text.indexOf(stop), length: stop.length }))
    .filter(({ start }) => start >= 0)
    .toSorted((a, b) => a.start + a.length - b.start - b.length || a.start - b.start);
  return found[0]?.start;
}

/** The length of the longest end of `text` that begins a stop string. */
const overlap = (text: string, stops: readonly string[]): number =>
  stops.reduce((longest, stop) => Math.max(longest, overlapWith(text, stop)), 0);

function overlapWith(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
