/** @file Reading the fields of config.json, as the schema of an architecture describes them. */

import { z } from "zod";
import { UsageError } from "../errors.ts";
import { ACTIVATION_NAMES } from "../nn/activation.ts";

/** The contents of a config.json. */
export type ConfigFields = Readonly<Record<string, unknown>>;

/** A number of things, at least one. */
export const size: z.ZodInt = z.int().positive();

/** A rate of dropout. */
export const rate: z.ZodNumber = z.number().min(0).lt(1);

/** The name of an activation. */
export const activation: z.ZodString = z
  .string()
  .refine((name) => ACTIVATION_NAMES.includes(name), {
    error: ({ input }) => `must be one of ${ACTIVATION_NAMES.join(", ")}; got ${String(input)}`,
  });

/** @throws {UsageError} naming each field that is not what the schema allows. */
export function parseConfig<Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  fields: ConfigFields,
): z.output<Schema> {
  const parsed = schema.safeParse(withoutNulls(schema, fields), { error: told });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({
    option: path.join("."),
    got: path.reduce(fieldOf, fields),
    allowed: undefined,
    told: message,
  }));
  const sentences = problems.map((problem) => `${problem.option}: ${problem.told}`);
  throw new UsageError(`${type} config: ${sentences.join("\n  ")}`, { problems });
}

/** The fields but for those that are null where the schema knows no null: nobody has said what they are. */
function withoutNulls(schema: z.ZodType, fields: ConfigFields): ConfigFields {
  const known = new Map(schema instanceof z.ZodObject ? Object.entries(schema.shape) : []);
  const entries = Object.entries(fields).filter(([name, value]) => {
    const field = known.get(name);
    return value !== null || !(field instanceof z.ZodType) || field.safeParse(null).success;
  });
  return Object.fromEntries(entries);
}

/** What is wrong with a field, where the schema has no sentence of its own. */
const told = (issue: z.core.$ZodRawIssue): string | undefined => {
  const allowed = allowedBy(issue);
  return allowed === undefined
    ? undefined
    : `must be ${allowed}; got ${JSON.stringify(issue.input)}`;
};

const TYPES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a table",
  record: "a table",
  string: "a text",
};

/** What would have been right, in words. */
function allowedBy(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.join(", ")}`;
    case "too_small":
      return `${issue.inclusive ? "at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "below"} ${issue.maximum}`;
    default:
      return undefined;
  }
}

const fieldOf = (value: unknown, field: PropertyKey): unknown =>
  new Map<PropertyKey, unknown>(Object.entries(Object(value))).get(String(field));
