/** @file The terminal that flora was started in. */

import type { Output } from "./progress.ts";

const UNKNOWN_WIDTH = 80;

/** Standard output; colours follow https://no-color.org. */
export const standardOutput = (): Output => outputOf(process.stdout);

/** Standard error, for what is not the result. */
export const standardError = (): Output => outputOf(process.stderr);

function outputOf(stream: NodeJS.WriteStream): Output {
  const { env } = process;
  const isTerminal = stream.isTTY && env["TERM"] !== "dumb";
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    get width() {
      // A terminal that nobody gave a size says 0.
      return isTerminal && stream.columns > 0 ? Math.max(20, stream.columns) : UNKNOWN_WIDTH;
    },
    color: isTerminal && (env["NO_COLOR"] ?? "") === "",
  };
}

/** How the command was called, for commands that are printed to be copied. */
export const programName = (): string =>
  process.env["npm_command"] === "exec" ? "npx flora" : "flora";
