/** What a command that reads texts writes. */

import { vi } from "vitest";

type Run = (words: readonly string[]) => Promise<number>;

/** Runs a command; the lines that it wrote. */
export async function linesOf(run: Run, ...words: readonly string[]): Promise<readonly string[]> {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  const spy = vi.spyOn(process.stdout, "write").mockImplementation(write);
  try {
    await run([...words, "--threads", "1"]);
  } finally {
    spy.mockRestore();
  }
  return written.join("").trimEnd().split("\n");
}
