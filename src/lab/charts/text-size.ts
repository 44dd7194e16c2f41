/**
 * @file How wide a text will be, without a font at hand: advance widths of Arial (and Arimo, which
 * has the same) in groups, in thousandths of the font size. Rather too wide than too narrow.
 */

const GROUPS: readonly (readonly [characters: RegExp, width: number])[] = [
  [/[ijl'’|]/u, 235],
  [/[fIt.,:;!/\\ [\]()‘r-]/u, 330],
  [/[mMW@%—…]/u, 930],
  [/[wA-HK-LN-VX-Z&]/u, 725],
  [/[⁰¹²³⁴-⁹⁻]/u, 365],
  [/[\u1100-\u11FF\u2E80-\uFFEF\u{1F000}-\u{3FFFF}]/u, 1000],
];
const OTHER = 570;

/** In the unit of the font size. */
export function textWidth(text: string, size: number): number {
  const widths = Array.from(
    text,
    (character) => GROUPS.find(([characters]) => characters.test(character))?.[1] ?? OTHER,
  );
  return (widths.reduce((sum, width) => sum + width, 0) * size) / 1000;
}

/** As many words a line as fit. A word that is wider than a line is cut. */
export function wrapText(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/u).filter((part) => part !== "")) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(cutText(word, size, width));
  }
  return lines;
}

/** The text, or its beginning and an ellipsis. */
export function cutText(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const characters = Array.from(text);
  while (characters.length > 0 && textWidth(`${characters.join("")}…`, size) > width) {
    characters.pop();
  }
  return `${characters.join("").trimEnd()}…`;
}
