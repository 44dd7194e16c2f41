/** @file What a template writes: parts, put together once. Text that is added to text is a tree of all its parts, which costs more to read. */

/** What has been written. */
export interface Output {
  parts: string[];
  /** In UTF-16 units. */
  length: number;
}

export const emptyOutput = (): Output => ({ parts: [], length: 0 });

/** Writes a text after what is there. */
export function write(out: Output, text: string): void {
  out.parts.push(text);
  out.length += text.length;
}

/** All that has been written. */
export const textOf = ({ parts }: Output): string => parts.join("");
