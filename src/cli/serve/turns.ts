/** @file Who comes when: some requests are answered at a time, some wait in the order in which they came, and further ones are sent away. */

import { ApiError } from "./api-error.ts";

/** How many there may be. */
export interface TurnLimits {
  /** Answered at a time. */
  readonly running: number;
  readonly waiting: number;
}

export interface Turns {
  /**
   * Waits for a turn, and returns what ends it.
   *
   * @throws {ApiError} with status 429 if too many wait, or 503 once there are no more turns.
   * @throws the signal's reason, when it aborts.
   */
  take(signal: AbortSignal): Promise<() => void>;
  /** Sends away all who wait, and who come. */
  close(): void;
}

export function createTurns({ running: most, waiting: mostWaiting }: TurnLimits): Turns {
  let running = 0;
  let isClosed = false;
  const waiting: { readonly begin: () => void; readonly leave: (error: unknown) => void }[] = [];

  const end = (): void => {
    running -= 1;
    waiting.shift()?.begin();
  };
  const turn = (): (() => void) => {
    running += 1;
    let isOver = false;
    return () => {
      if (!isOver) end();
      isOver = true;
    };
  };

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (isClosed) throw stopping();
      if (running < most) return turn();
      if (waiting.length >= mostWaiting) {
        const message = `no turn is free, of ${running} answers at a time and ${waiting.length} that wait; try again later`;
        throw new ApiError(429, message, { code: "rate_limit_exceeded" });
      }
      return new Promise((resolve, reject) => {
        const leave = (error: unknown): void => {
          signal.removeEventListener("abort", abort);
          const at = waiting.indexOf(own);
          if (at >= 0) waiting.splice(at, 1);
          reject(error);
        };
        const abort = () => leave(signal.reason);
        const begin = (): void => {
          signal.removeEventListener("abort", abort);
          resolve(turn());
        };
        const own = { begin, leave };
        waiting.push(own);
        signal.addEventListener("abort", abort, { once: true });
      });
    },

    close() {
      isClosed = true;
      for (const { leave } of waiting.splice(0)) leave(stopping());
    },
  };
}

const stopping = (): ApiError => new ApiError(503, "the server is stopping", { code: "stopping" });
