/** @file The zod schema of options, made from their table, and what it finds wrong. */

import { z } from "zod";
import type { OptionProblem } from "../../errors.ts";
import { allowedFields, allowedValues } from "./kinds.ts";
import { asSentence } from "./names.ts";
import { findOption, type Kind, type Option, type OptionTable } from "./option.ts";

type Schema = z.ZodObject<Record<string, z.ZodType>>;

const texts = z.array(z.string());

const KINDS: Readonly<Record<Kind, (option: Option) => z.ZodType>> = {
  flag: () => z.boolean(),
  integer: (option) => within(z.int(), option),
  number: (option) => within(z.number(), option),
  text: () => z.string(),
  choice: ({ choices = [] }) => z.enum(choices),
  list: ({ choices }) =>
    choices ? z.union([z.enum(choices), z.array(z.enum(choices))]) : z.union([z.string(), texts]),
  paths: () => z.union([z.string(), texts.min(1)]),
  numbers: (option) => z.array(within(z.number(), option)).min(1),
  table: (option) => z.record(z.string(), within(z.number(), option)),
  model: () => z.union([z.string(), z.record(z.string(), z.unknown())]),
};

function within(schema: z.ZodNumber, { above, min, below, max }: Option): z.ZodNumber {
  let bounded = schema;
  if (above !== undefined) bounded = bounded.gt(above);
  if (min !== undefined) bounded = bounded.min(min);
  if (below !== undefined) bounded = bounded.lt(below);
  if (max !== undefined) bounded = bounded.max(max);
  return bounded;
}

/** The options of a table, all of which may be absent. */
export const schemaOf = (table: OptionTable): Schema =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(table).map(([name, option]) => [name, optionSchema(option)] as const),
    ),
  );

function optionSchema(option: Option): z.ZodType {
  const { help, default: byDefault } = option;
  const description = asSentence(help);
  const known = byDefault === undefined ? { description } : { description, default: byDefault };
  return KINDS[option.kind](option).optional().meta(known);
}

const schemas = new WeakMap<OptionTable, Schema>();

function cachedSchema(table: OptionTable): Schema {
  const schema = schemas.get(table) ?? schemaOf(table);
  schemas.set(table, schema);
  return schema;
}

/** Everything that is wrong with values, in the order of the table; then what is no option. */
export function problemsOf(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
): readonly OptionProblem[] {
  const parsed = cachedSchema(table).safeParse(values);
  return (parsed.error?.issues ?? []).flatMap((issue): readonly OptionProblem[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((name) => ({ option: name, got: values[name], allowed: undefined }));
    }
    const [name = "", field] = issue.path.map(String);
    const option = findOption(table, name);
    if (!option) throw new Error(`internal: ${name} is no option`);
    const got = values[name];
    return field !== undefined && option.kind === "table"
      ? [{ option: `${name}.${field}`, got: fieldOf(got, field), allowed: allowedFields(option) }]
      : [{ option: name, got, allowed: allowedValues(option) }];
  });
}

const fieldOf = (value: unknown, field: string): unknown =>
  new Map<string, unknown>(Object.entries(Object(value))).get(field);
