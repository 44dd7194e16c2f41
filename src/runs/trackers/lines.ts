/**
 * @file A file of lines, one for each set of metrics. Where a run goes on, lines of steps after its checkpoint are taken away, since those
 * steps are taken again, and so is a line that was cut off.
 */

import { writeFileAtomic } from "../../host/atomic.ts";
import { readText } from "../../host/content.ts";
import { isAbsent } from "../../host/file-error.ts";
import type { FileStore } from "../../host/host.ts";
import type { StartEvent } from "../events.ts";

/**
 * The lines, without their ends, that a run finds when it starts: none if it begins anew.
 *
 * @param stepOf - the steps that are done in a line; a line without them stays
 */
export async function linesBefore(
  files: FileStore,
  path: string,
  { config, startStep }: Pick<StartEvent, "config" | "startStep">,
  stepOf: (line: string) => number | undefined,
): Promise<readonly string[]> {
  if (!config.resume) return [];
  const text = await readText(files, path).catch((error: unknown) => {
    if (isAbsent(error)) return "";
    throw error;
  });
  const whole = text.split("\n").slice(0, -1);
  return whole.filter((line) => (stepOf(line) ?? 0) <= startStep);
}

/** Writes all lines of a file anew. */
export const writeLines = (
  files: FileStore,
  path: string,
  lines: readonly string[],
): Promise<void> =>
  writeFileAtomic(files, path, (file) => file.write(lines.map((line) => `${line}\n`).join("")));

/** Writes a line behind the others. */
export async function addLine(files: FileStore, path: string, line: string): Promise<void> {
  const file = await files.append(path);
  try {
    await file.write(`${line}\n`);
  } finally {
    await file.close();
  }
}
