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
  // A terminal that is closed sends SIGHUP; a program that started this one and is gone, a disconnection.
  for (const event of WAYS_OUT) process.on(event, listener);
  return () => {
    for (const event of WAYS_OUT) process.off(event, listener);
  };
}

const WAYS_OUT = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const;
