/** @file The writer of a run's log: events on their way to whoever consumes them are written down, and handed on as they are. */

import { fileError } from "../host/file-error.ts";
import type { FileStore, Host, WritableFile } from "../host/host.ts";
import type { StartEvent, TrainEvent } from "./events.ts";
import { formatLine, logPath } from "./log-line.ts";

/**
 * The same events, each but micro-steps a line in the log by the time it is told. The log lies in the output directory that the start
 * event names, and begins with it: before, a run may yet be refused. That of a run that goes on is written on.
 *
 * @throws {UsageError} if the log cannot be written; and what `events` throws.
 */
export async function* logged(
  { clock, files }: Pick<Host, "clock" | "files">,
  events: AsyncIterable<TrainEvent>,
): AsyncGenerator<TrainEvent, void, undefined> {
  let path = "";
  let file: WritableFile | undefined;
  try {
    for await (const event of events) {
      if (event.type === "start") path = logPath(event.config.output);
      try {
        if (event.type === "start") file = await open(files, event);
        if (event.type !== "micro-step") {
          await file?.write(`${formatLine(event, new Date(clock.dateMs()))}\n`);
        }
      } catch (error) {
        throw fileError(path, "cannot write the log", error);
      }
      yield event;
    }
  } finally {
    await file?.close();
  }
}

async function open(files: FileStore, { config }: StartEvent): Promise<WritableFile> {
  const { output, resume } = config;
  await files.makeDirectory(output);
  const file = await files.append(logPath(output));
  try {
    if (!resume) await file.clear();
    else if (!(await endsALine(files, logPath(output)))) await file.write("\n");
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

/** Whether a line that is appended stands alone: the process before may have been cut off in the middle of its last. */
async function endsALine(files: FileStore, path: string): Promise<boolean> {
  const file = await files.open(path);
  try {
    const last = await file.read(Math.max(0, file.bytes - 1), file.bytes);
    return new TextDecoder().decode(last).replace("\n", "") === "";
  } finally {
    await file.close();
  }
}
