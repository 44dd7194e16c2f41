/**
 * @file Pieces with scores as merges, the best first: every pair of pieces that make one. Where two make pieces of one score, the
 * pair counts first whose halves come first in the vocabulary, as in `generate_merges` of transformers 5.24.
 */

/** A piece that may be made of others. */
export interface ScoredPiece {
  readonly token: string;
  readonly score: number;
}

export function mergesOfScores(
  pieces: readonly ScoredPiece[],
): readonly (readonly [string, string])[] {
  const ranks = new Map(pieces.map(({ token }, rank) => [token, rank]));
  const merges = pieces.flatMap(({ token, score }) =>
    halvings(token)
      .flatMap(([left, right]) => {
        const [a, b] = [ranks.get(left), ranks.get(right)];
        return a === undefined || b === undefined ? [] : [{ pair: [left, right] as const, a, b }];
      })
      .toSorted((one, other) => one.a - other.a || one.b - other.b)
      .map(({ pair }) => ({ pair, score })),
  );
  return merges.toSorted((one, other) => other.score - one.score).map(({ pair }) => pair);
}

/** All ways to write a text as two, not within a character. */
function halvings(text: string): readonly (readonly [string, string])[] {
  const characters = Array.from(text);
  return characters
    .slice(1)
    .map(
      (_, i) => [characters.slice(0, i + 1).join(""), characters.slice(i + 1).join("")] as const,
    );
}
