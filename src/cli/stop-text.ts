/** @file Text that ends where a given text begins, though it arrives in pieces. */

export interface StopFilter {
  /** What may be shown now. */
  push(text: string): string;
  /** Whether the stop text has come. */
  readonly stopped: boolean;
  /** What was held back and turned out not to be the stop text. */
  end(): string;
}

/** A filter that holds back what may be the beginning of `stop`; without one, nothing. */
export function stopFilter(stop: string | undefined): StopFilter {
  let held = "";
  let stopped = false;
  return {
    get stopped() {
      return stopped;
    },
    push(text) {
      if (stop === undefined || stop === "") return text;
      if (stopped) return "";
      held += text;
      const found = held.indexOf(stop);
      stopped = found >= 0;
      const end = stopped ? found : held.length - overlap(held, stop);
      const shown = held.slice(0, end);
      held = stopped ? "" : held.slice(end);
      return shown;
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** The length of the longest end of `text` that is a beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
