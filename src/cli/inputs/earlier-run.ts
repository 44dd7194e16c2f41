/** @file The options of a run that goes on, or from another, completed by what that one had. */

import { nodeHost } from "../../host/node.ts";
import type { TrainOptions } from "../../options/config.ts";

/** The same options where they name no earlier run. @throws {UsageError | FormatError} as `resumedOptions` does. */
export async function withEarlierRun(given: TrainOptions): Promise<TrainOptions> {
  if (given.resume !== true && given.from === undefined) return given;
  const { resumedOptions } = await import("../../train/output/resumed-options.ts");
  return resumedOptions(nodeHost().files, given);
}
