/** @file Signals that ask a command to end. */

/** The exit code of a command that was interrupted. */
export const INTERRUPTED = 130;

/** npm may pass on a Ctrl-C that the terminal has sent already. */
const ECHO_MS = 300;

/** Calls back at the first and at later signals to end; returns what ends that. */
export function onInterrupt(interrupt: (isFirst: boolean) => void): () => void {
  let firstAt: number | undefined;
  const listener = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      interrupt(true);
    } else if (performance.now() - firstAt > ECHO_MS) {
      interrupt(false);
    }
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}
