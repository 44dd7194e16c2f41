/**
 * @file The follower of a run's log: events as another process writes them.
 *
 * @example
 * for await (const event of followLog(nodeHost(), "runs/mine")) {
 *   if (event.type === "step") console.log(event.step, event.loss);
 * }
 */

import { fileError } from "../host/file-error.ts";
import type { FileStore, Host } from "../host/host.ts";
import { type LoggedEvent, logPath } from "./log-line.ts";
import { parseLog } from "./read-log.ts";

/** How a log is followed. */
export interface FollowOptions {
  /** Bytes at its beginning that are passed over; 0 by default. */
  readonly after?: number;
  /** Milliseconds between two looks at it; 250 by default. */
  readonly lookEveryMs?: number;
  /** Aborting ends it, once what was written before has been told. */
  readonly signal?: AbortSignal;
}

/**
 * The events of a log, which need not be there yet, as whole lines of them come; to the end of the run, where nothing stands behind it.
 *
 * @throws {UsageError} if it cannot be read.
 * @throws {FormatError} if a newer version writes it.
 */
export async function* followLog(
  { clock, files }: Pick<Host, "clock" | "files">,
  directory: string,
  { after = 0, lookEveryMs = 250, signal }: FollowOptions = {},
): AsyncGenerator<LoggedEvent, void, undefined> {
  const path = logPath(directory);
  let position = after;
  for (;;) {
    const isLastLook = signal?.aborted ?? false;
    const bytes = await logBytes(files, directory);
    // A run that begins anew empties its log.
    if (bytes < position) position = 0;
    const lines = await wholeLines(files, path, [position, bytes]);
    position += lines.length;
    const events = parseLog(new TextDecoder().decode(lines), path);
    yield* events;
    if (isLastLook || events.at(-1)?.type === "end") return;
    await waitUnless(signal, clock.wait(lookEveryMs, signal));
  }
}

/** How long the log in a directory is; 0 if there is none. @throws {UsageError} if one may not look. */
export async function logBytes(files: FileStore, directory: string): Promise<number> {
  const path = logPath(directory);
  try {
    return (await files.stat(path))?.bytes ?? 0;
  } catch (error) {
    throw fileError(path, "cannot read the log", error);
  }
}

const LINE_FEED = 0x0a;

/** The bytes of a part of a file up to its last line feed. */
async function wholeLines(
  files: FileStore,
  path: string,
  [begin, end]: readonly [number, number],
): Promise<Uint8Array> {
  if (begin === end) return new Uint8Array();
  try {
    const file = await files.open(path);
    try {
      const bytes = await file.read(begin, end);
      return bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(path, "cannot read the log", error);
  }
}

/** Waits; being aborted ends that. */
async function waitUnless(signal: AbortSignal | undefined, waited: Promise<void>): Promise<void> {
  try {
    await waited;
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
