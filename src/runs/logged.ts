/**
 * @file The log of a run for programs: every event but micro-steps as a line of JSON in
 * `log.jsonl`.
 */

import type { TrainEvent } from "./events.ts";
import { fileError } from "../host/file-error.ts";
import type { FileStore, WritableFile } from "../host/host.ts";
import { join } from "../host/path.ts";

export interface JsonLinesLog {
  /** @throws {UsageError} if the file cannot be written. */
  write(event: TrainEvent): Promise<void>;
  close(): Promise<void>;
}

/** A log that opens its file at the start event: before, a run may yet be refused. */
export function createJsonLinesLog(
  files: FileStore,
  now: () => Date = () => new Date(),
): JsonLinesLog {
  let file: WritableFile | undefined;
  let path = "";
  return {
    async write(event) {
      if (event.type === "micro-step") return;
      try {
        if (event.type === "start") {
          const { output, resume } = event.config;
          path = join(output, "log.jsonl");
          await files.makeDirectory(output);
          file = await files.append(path);
          if (!resume) await file.clear();
        }
        await file?.write(`${formatLine(event, now())}\n`);
      } catch (error) {
        throw fileError(path, "cannot write the log", error);
      }
    },
    async close() {
      await file?.close();
      file = undefined;
    },
  };
}

/** The event with its time in front. Numbers that JSON does not have are written as text. */
export const formatLine = (event: TrainEvent, time: Date): string =>
  JSON.stringify({ time: time.toISOString(), ...event }, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
