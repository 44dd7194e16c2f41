/** What the command line says of an error. */

import { UsageError } from "../../src/errors.ts";
import { asFlag } from "../../src/options/tables/spelling.ts";

/** The texts of the `UsageError` that something ends with. */
export async function spelledFailure(
  act: () => unknown,
): Promise<{ readonly message: string; readonly hint: string | undefined }> {
  try {
    await act();
  } catch (error) {
    if (error instanceof UsageError) return error.spelled(asFlag);
    throw error;
  }
  throw new Error("nothing was refused");
}
