/** The command line in this process: what it writes, and how it ends. */

import { Readable } from "node:stream";
import { vi } from "vitest";
import { main } from "../../src/cli/main.ts";

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** @param input - lines of the standard input */
export async function inTerminal(words: readonly string[], input: string): Promise<Ended> {
  const written: string[] = [];
  const failed: string[] = [];
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => failed.push(String(text)) > 0),
    vi.spyOn(console, "error").mockImplementation((...parts) => void failed.push(parts.join(" "))),
    vi.spyOn(process, "stdin", "get").mockReturnValue(standardInput(input)),
  ];
  const { exitCode: before } = process;
  // Each command listens to the stream of its own process.
  process.stdout.setMaxListeners(0);
  try {
    await main(words);
    const exitCode = Number(process.exitCode ?? 0);
    return { exitCode, output: written.join(""), errors: failed.join("\n") };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}

/** A pipe from which lines come. */
function standardInput(input: string): typeof process.stdin {
  const { stdin } = process;
  return Object.assign(Object.create(stdin), Readable.from([input]));
}
