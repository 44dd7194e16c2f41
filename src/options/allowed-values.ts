/** @file What a schema allows, in the words of a user. */

import { z } from "zod";

/** "one of a, b", "a whole number at least 1", or several of these joined by "or". */
export function allowedValues(option: z.ZodType): string {
  const json = z.toJSONSchema(option, { io: "input", unrepresentable: "any" });
  const branches = (json.anyOf ?? [json]).flatMap((branch) =>
    typeof branch === "object" ? [describe(branch)] : [],
  );
  return branches.join(" or ");
}

function describe(json: z.core.JSONSchema.BaseSchema): string {
  const { exclusiveMinimum: above, minimum: from, exclusiveMaximum: below } = json;
  if (json.enum) return `one of ${json.enum.join(", ")}`;
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(from === undefined || from < Number.MIN_SAFE_INTEGER + 1 ? [] : [`at least ${from}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ].join(" and ");
  switch (json.type) {
    case "integer":
      return `a whole number ${bounds}`.trim();
    case "number":
      return `a number ${bounds}`.trim();
    case "boolean":
      return "true or false";
    case "array":
      return "a list of texts";
    case "object":
      return "a table of fields";
    default:
      return "a text";
  }
}
