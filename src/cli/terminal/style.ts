/** @file Colours of a terminal, or none. */

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly magenta: (text: string) => string;
}

/** Functions that colour a text, or leave it alone. */
export function createStyle(color: boolean): Style {
  const sgr =
    (on: number, off: number) =>
    (text: string): string =>
      color && text !== "" ? `\u001B[${on}m${text}\u001B[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    red: sgr(31, 39),
    cyan: sgr(36, 39),
    blue: sgr(34, 39),
    magenta: sgr(35, 39),
  };
}
