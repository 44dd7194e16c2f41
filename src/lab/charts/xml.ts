/** @file Markup as text, always escaped: the part that SVG and HTML have in common. */

/** What an attribute may be; numbers are rounded to two decimals, undefined leaves it out. */
export type Attribute = string | number | undefined;

/**
 * One element. It always has a closing tag, which XML and HTML read alike.
 *
 * @param content - markup, already escaped
 */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  ...content: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === undefined
      ? ""
      : ` ${key}="${typeof value === "number" ? decimal(value) : escapeText(value)}"`,
  );
  return `<${name}${written.join("")}>${content.join("")}</${name}>`;
}

/** Text for the content of an element or a quoted attribute. */
export const escapeText = (text: string): string =>
  text
    .replaceAll(NOT_IN_XML, "\uFFFD")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** At most two decimals, so that pictures are the same on every machine. */
export const decimal = (value: number): string => String(Math.round(value * 100) / 100 + 0);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that XML 1.0 (section 2.2) cannot express, not even as a reference; halves of pairs too. */
// oxlint-disable-next-line no-control-regex
const NOT_IN_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/gu;
