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

/** @throws {UsageError} naming the first field that is not what the schema allows. */
export function parseConfig<Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  fields: ConfigFields,
): z.output<Schema> {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${type} config: ${issue?.path.join(".")}: ${issue?.message}`);
}
