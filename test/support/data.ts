/**
 * Real files, which lie outside the repository: a test that needs some of them is skipped where they
 * are missing. missing-data.ts counts and names such tests at the end of a run.
 */

import { existsSync } from "node:fs";

export const DATA = "../shared/data";

declare module "vitest" {
  interface TaskMeta {
    /** What the test needs and is not there. */
    missing?: string;
  }
}

/** Options of a test, or of a group of them, that needs these files or folders in DATA. */
export function needsData(
  ...paths: readonly string[]
): { skip: true; meta: { missing: string } } | Record<string, never> {
  const missing = paths.find((path) => !existsSync(path));
  return missing === undefined ? {} : { skip: true, meta: { missing } };
}
