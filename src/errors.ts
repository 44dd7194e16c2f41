/**
 * @file The five errors of this library. Anything else that is thrown is a bug of ours.
 *
 * A message reads `<what>: <what is wrong>; got <what came>`, in lower case and without a full stop.
 */

const formatShape = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;

/** Shapes that do not fit together. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly shapes: Readonly<Record<string, readonly (number | string)[]>>;

  constructor(
    message: string,
    shapes: Readonly<Record<string, readonly (number | string)[]>> = {},
  ) {
    const got = Object.entries(shapes).map(([name, shape]) => `${name} ${formatShape(shape)}`);
    super(got.length > 0 ? `${message}; got ${got.join(", ")}` : message);
    this.shapes = shapes;
  }
}

/** Element types that do not fit together. */
export class DTypeError extends Error {
  override readonly name = "DTypeError";
  readonly dtypes: Readonly<Record<string, string>>;

  constructor(message: string, dtypes: Readonly<Record<string, string>> = {}) {
    const got = Object.entries(dtypes).map(([name, dtype]) => `${name} ${dtype}`);
    super(got.length > 0 ? `${message}; got ${got.join(", ")}` : message);
    this.dtypes = dtypes;
  }
}

/** A graph that cannot be differentiated, serialised or run as asked. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/** A file whose bytes are not what its format demands. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly path: string;
  /** Byte offset, or line number for text; undefined where neither makes sense. */
  readonly offset: number | undefined;

  constructor(path: string, message: string, options: ErrorOptions & { offset?: number } = {}) {
    super(`${path}: ${message}`, options);
    this.path = path;
    this.offset = options.offset;
  }
}

/** What is wrong with an option. */
export interface OptionProblem {
  /** Its name in camelCase, with the field after a dot: "rank", "rankPattern.c_attn". */
  readonly option: string;
  readonly got: unknown;
  /** What it may be, in words; undefined if there is no such option, or something else is wrong. */
  readonly allowed: string | undefined;
  /** What else is wrong. */
  readonly told?: string;
}

/** How the name of an option is written, alone or with a value that it is given. */
export type Spelling = (option: string, value?: string) => string;

/** As in code: `steps`, `task: "classify"`, `rank: 8`. */
const inCode: Spelling = (name, value) =>
  value === undefined ? name : `${name}: ${NUMBER.test(value) ? value : JSON.stringify(value)}`;

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Characters of Unicode's private use, around what `spell` replaces. */
const [OPEN, BETWEEN, CLOSE] = ["\uE000", "\uE001", "\uE002"];
const NAMED = new RegExp(`${OPEN}([^${BETWEEN}${CLOSE}]*)${BETWEEN}?([^${CLOSE}]*)${CLOSE}`, "g");

/**
 * The name of an option in the text of a `UsageError`, which whoever shows it spells: `output` in code, `--output` on the command
 * line.
 *
 * @param value - that it is given, in advice
 */
export const option = (name: string, value?: string): string =>
  value === undefined ? OPEN + name + CLOSE : OPEN + name + BETWEEN + value + CLOSE;

const spell = (text: string, spelling: Spelling): string =>
  text.replaceAll(NAMED, (_, name: string, value: string) =>
    value === "" ? spelling(name) : spelling(name, value),
  );

/** A request that cannot be carried out; the command line exits with 2 and shows no stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to try instead. */
  readonly hint: string | undefined;
  /** The options that are wrong, if the error is about their values. */
  readonly problems: readonly OptionProblem[];
  readonly #texts: { readonly message: string; readonly hint: string | undefined };

  /** Texts name options by `option`. */
  constructor(
    message: string,
    options: ErrorOptions & { hint?: string; problems?: readonly OptionProblem[] } = {},
  ) {
    super(spell(message, inCode), options);
    const { hint, problems = [] } = options;
    this.#texts = { message, hint };
    this.hint = hint === undefined ? undefined : spell(hint, inCode);
    this.problems = problems;
  }

  /** The same error of a part of what was asked for, which is named before it. */
  of(part: string): UsageError {
    const { message, hint } = this.#texts;
    return new UsageError(`${part}: ${message}`, {
      cause: this,
      problems: this.problems,
      ...(hint !== undefined && { hint }),
    });
  }

  /** The texts with options as `spelling` writes them. */
  spelled(spelling: Spelling): { readonly message: string; readonly hint: string | undefined } {
    const { message, hint } = this.#texts;
    return {
      message: spell(message, spelling),
      hint: hint === undefined ? undefined : spell(hint, spelling),
    };
  }
}
