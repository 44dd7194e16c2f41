/** @file The reader of a run's log: all events that were written, also while more are. */

import { readText } from "../host/content.ts";
import { fileError, isAbsent } from "../host/file-error.ts";
import type { FileStore } from "../host/host.ts";
import { LOG_FILE, type LoggedEvent, logPath, parseLine } from "./log-line.ts";

/**
 * The log of the run that has its output in a directory; undefined if none was begun.
 *
 * @throws {UsageError} if it cannot be read.
 * @throws {FormatError} if a newer version wrote it.
 */
export async function readLog(
  files: FileStore,
  directory: string,
): Promise<readonly LoggedEvent[] | undefined> {
  const path = logPath(directory);
  try {
    return parseLog(await readText(files, path), path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError(path, "cannot read the log", error);
  }
}

/**
 * The events of a text; lines that are none, as one that was cut off, are passed over.
 *
 * @param path - of the log, for errors
 * @throws {FormatError} if a newer version wrote it.
 */
export const parseLog = (content: string, path: string = LOG_FILE): readonly LoggedEvent[] =>
  content.split("\n").flatMap((line) => parseLine(path, line) ?? []);
