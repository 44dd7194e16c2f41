/**
 * @file Names on the Hub in place of directories and files: what is named is fetched, and its path
 * takes the place of the name. What exists here is never looked for there.
 */

import type { ModelNames } from "../../hub/index.ts";
import { withHub } from "../reports/transfer.ts";

/** What is said to who breaks off. */
export const whenInterrupted =
  "interrupted; what has come is kept, and the same command goes on where it broke off";

/**
 * The directories of a model and its adapter.
 *
 * @throws {UsageError} if there is no such directory and no such name, or it cannot be fetched.
 */
export async function fetchModels(names: ModelNames): Promise<ModelNames> {
  const { resolveModels } = await import("../../hub/resolve/model.ts");
  return withHub((options) => resolveModels(names, options), { whenInterrupted });
}
