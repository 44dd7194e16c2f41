/** @file Colours of a terminal, or none. */

import { styleText } from "node:util";

type StyleName = "bold" | "dim" | "green" | "yellow" | "red" | "cyan" | "blue" | "magenta";

export type Style = Readonly<Record<StyleName, (text: string) => string>>;

/** Functions that colour a text, or leave it alone. */
export function createStyle(color: boolean): Style {
  const style =
    (name: StyleName) =>
    (text: string): string =>
      // Whether the stream has colours was decided by whoever knows it.
      color && text !== "" ? styleText(name, text, { validateStream: false }) : text;
  return {
    bold: style("bold"),
    dim: style("dim"),
    green: style("green"),
    yellow: style("yellow"),
    red: style("red"),
    cyan: style("cyan"),
    blue: style("blue"),
    magenta: style("magenta"),
  };
}
