/** @file Git LFS leaves a note in place of a large file, until somebody fetches the file itself. */

import { FormatError } from "../errors.ts";

const START = "version https://git-lfs.github.com/spec/";

/** How many bytes tell. */
export const LFS_START_BYTES: number = START.length;

/** @throws {FormatError} if the bytes that a file begins with are those of such a note. */
export function refuseLfsPointer(path: string, start: Uint8Array): void {
  if (new TextDecoder("latin1").decode(start.subarray(0, START.length)) !== START) return;
  const what = "a Git LFS pointer, not the file itself";
  throw new FormatError(path, `${what}; git lfs pull fetches it, or the Hub under its name`);
}
