/** The text of src/options/train-config.ts, written from the table of options. */

import { allowedValues } from "../../src/options/tables/kinds.ts";
import { asSentence } from "../../src/options/tables/names.ts";
import { OPTION_GROUPS } from "../../src/options/option-table.ts";
import type { Kind, Option } from "../../src/options/tables/option.ts";

const LITERALS: Readonly<Record<Exclude<Kind, "choice">, string>> = {
  flag: "boolean",
  integer: "number",
  number: "number",
  text: "string",
  list: "readonly string[]",
  paths: "readonly string[]",
  numbers: "readonly number[]",
  table: "Readonly<Record<string, number>>",
  model: "string | Readonly<Record<string, unknown>>",
};

const HEADER = `/**
 * @file A complete set of options. Written from option-table.ts by \`npm run options\`: change the table, not this file.
 */

export interface TrainConfig {
`;

export const trainConfigSource = (): string =>
  `${HEADER}${Object.values(OPTION_GROUPS)
    .map((group) => Object.entries(group).map(field).join(""))
    .join("\n")}}\n`;

function field([name, option]: readonly [string, Option]): string {
  const isOptional = option.default === undefined && !option.byMethod;
  const start = `  readonly ${name}${isOptional ? "?" : ""}:`;
  const choices = option.choices?.map((choice) => JSON.stringify(choice));
  const types = [
    ...(option.kind === "choice"
      ? (choices ?? [])
      : [choices ? `readonly (${choices.join(" | ")})[]` : LITERALS[option.kind]]),
    ...(isOptional ? ["undefined"] : []),
  ];
  const line = `${start} ${types.join(" | ")};`;
  const type =
    line.length <= 100 ? line : `${start}\n${types.map((each) => `    | ${each}`).join("\n")};`;
  return `${comment(option)}\n${type}\n`;
}

function comment(option: Option): string {
  const { help, default: byDefault, kind } = option;
  const allowed =
    kind === "integer" || kind === "number" ? ` ${asSentence(allowedValues(option))}` : "";
  const usual = byDefault === undefined ? "" : ` Default: ${JSON.stringify(byDefault)}.`;
  return `  /** ${asSentence(help)}${allowed}${usual} */`;
}
