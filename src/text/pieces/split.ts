/** @file How a text is split where a pattern matches: what becomes of the matches. */

import type { Pattern, Stretch } from "./pattern.ts";

export const BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

export type Behavior = (typeof BEHAVIORS)[number];

/** A piece of a text. */
export interface Piece {
  readonly text: string;
  /** Whether the whole text begins with it. */
  readonly isFirst: boolean;
}

/** The pieces of a piece, none of them empty. */
export function splitBy(pattern: Pattern, behavior: Behavior, piece: Piece): readonly Piece[] {
  const stretches = pattern(piece.text);
  const [start] = stretches;
  if (stretches.length === 1 && start?.isMatch === false) return [piece];
  const losesStart = behavior === "Removed" && start?.isMatch === true && start.text !== "";
  const texts = PIECES[behavior](stretches).filter((text) => text !== "");
  return texts.map((text, i) => ({ text, isFirst: piece.isFirst && i === 0 && !losesStart }));
}

const PIECES: Readonly<Record<Behavior, (stretches: readonly Stretch[]) => readonly string[]>> = {
  Removed: (stretches) => stretches.flatMap(({ text, isMatch }) => (isMatch ? [] : [text])),
  Isolated: (stretches) => stretches.map(({ text }) => text),
  Contiguous: (stretches) =>
    joined(stretches, (stretch, previous) => stretch.isMatch === previous.isMatch),
  // A match joins what stands before it, but for another match.
  MergedWithPrevious: (stretches) =>
    joined(stretches, (stretch, previous) => stretch.isMatch && !previous.isMatch),
  MergedWithNext: (stretches) =>
    joined(stretches, (stretch, previous) => !stretch.isMatch && previous.isMatch),
};

/** The texts of stretches, each joined to the one before where that is asked for. */
function joined(
  stretches: readonly Stretch[],
  joins: (stretch: Stretch, previous: Stretch) => boolean,
): readonly string[] {
  const pieces: string[] = [];
  let previous: Stretch | undefined;
  for (const stretch of stretches) {
    const joinsPrevious = previous !== undefined && joins(stretch, previous);
    pieces.push(joinsPrevious ? `${pieces.pop() ?? ""}${stretch.text}` : stretch.text);
    previous = stretch;
  }
  return pieces;
}
