/** @file What the command line says of a mistake. */

import { FormatError, UsageError } from "../../errors.ts";
import { asFlag } from "../../options/tables/spelling.ts";

/** What is wrong, and below it the way out; undefined for what is no mistake of who called. */
export function errorText(error: unknown): string | undefined {
  if (error instanceof FormatError) return error.message;
  if (!(error instanceof UsageError)) return undefined;
  const { message, hint } = error.spelled(asFlag);
  return hint === undefined ? message : `${message}\n  ${hint}`;
}
