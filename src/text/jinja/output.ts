/** @file What a template writes: parts, put together once. Text that is added to text is a tree of all its parts, which costs more to read. */

/** What has been written: the beginning of a text that is known, and what follows that. */
export interface Output {
  readonly known: string;
  /** How much of the known text. */
  shared: number;
  parts: string[];
  /** In UTF-16 units. */
  length: number;
}

/** Nothing. What is written is compared with a text that it may begin like, since to compare costs less than to put together. */
export const emptyOutput = (known = ""): Output => ({ known, shared: 0, parts: [], length: 0 });

/** Writes a text after what is there. */
export function write(out: Output, text: string): void {
  const end = out.length + text.length;
  if (out.shared === out.length && out.known.slice(out.length, end) === text) out.shared = end;
  else out.parts.push(text);
  out.length = end;
}

/** What follows the beginning that is known. */
export const restOf = ({ parts }: Output): string => parts.join("");

/** All that has been written. */
export const textOf = (out: Output): string => out.known.slice(0, out.shared) + restOf(out);
