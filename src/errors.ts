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

/** A request that cannot be carried out; the command line exits with 2 and shows no stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to try instead. */
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}
