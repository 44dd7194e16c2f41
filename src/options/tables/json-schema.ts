/** @file A JSON Schema of the YAML file, for editors: they complete options, explain them and mark what is wrong. */

import { z } from "zod";
import type { OptionTable } from "./option.ts";
import { schemaOf } from "./schema.ts";
import { kebabCase } from "./spelling.ts";

/** Draft 2020-12. Names in kebab-case are right too, but only those in camelCase are offered. */
export function jsonSchema(table: OptionTable): object {
  const schema = z.toJSONSchema(schemaOf(table), {
    target: "draft-2020-12",
    io: "input",
    override: ({ jsonSchema: part }) => {
      // Every integer of zod has these bounds.
      if (part.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
      if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    },
  });
  const kebab = Object.keys(table).flatMap((name) =>
    kebabCase(name) === name
      ? []
      : [[`^${kebabCase(name)}$`, { $ref: `#/properties/${name}` }] as const],
  );
  return {
    ...schema,
    title: "The options of flora train",
    patternProperties: Object.fromEntries(kebab),
  };
}
