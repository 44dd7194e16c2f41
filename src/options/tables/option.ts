/** @file An option in data: from it come its check, its words on the command line, its help, and its place in a JSON Schema. */

/** What the value of an option is. */
export type Kind =
  | "flag"
  | "integer"
  | "number"
  | "text"
  | "choice"
  /** Patterns or choices, of which one text may hold several with commas between. */
  | "list"
  /** Files or folders. */
  | "paths"
  /** A number, or several with commas between. */
  | "numbers"
  /** Numbers by name. */
  | "table"
  /** A directory, or fields of config.json. */
  | "model";

/** An option in data. */
export interface Option {
  readonly kind: Kind;
  /** A sentence, without a full stop. */
  readonly help: string;
  /** Of a choice, or of each text in a list. */
  readonly choices?: readonly string[];
  /** Of numbers, also of those in a list or a table. */
  readonly above?: number;
  readonly min?: number;
  readonly below?: number;
  readonly max?: number;
  /** What is taken if it is absent; without it, absence means something. */
  readonly default?: unknown;
  /** The method has the default. */
  readonly byMethod?: true;
  /** What stands for the value in the help, where the kind has no better word. */
  readonly value?: string;
  /** A run that goes on may have another value, or one of the same content: it does not change what is computed. */
  readonly changeable?: true;
  /** It may be given several times on the command line. */
  readonly repeats?: true;
}

/** By name in camelCase. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The option of that name, if there is one. */
export const findOption = (table: OptionTable, name: string): Option | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
