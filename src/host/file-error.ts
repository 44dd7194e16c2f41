/** @file What the operating system says about a file, as a sentence for the person who asked. */

import { UsageError } from "../errors.ts";

const REASONS = new Map([
  ["EACCES", "permission denied"],
  ["EBUSY", "it is in use"],
  ["EDQUOT", "the disk quota is used up"],
  ["EEXIST", "there is something of this name"],
  ["EFBIG", "the file system does not take files of this size"],
  ["EISDIR", "this is a directory"],
  ["ELOOP", "too many symbolic links"],
  ["EMFILE", "too many open files"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENFILE", "too many open files"],
  ["ENOENT", "no such file or directory"],
  ["ENOSPC", "the disk is full"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["EPERM", "operation not permitted"],
  ["EROFS", "the file system is read-only"],
]);

/** The code of what the operating system refused, such as "ENOENT". */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;

/** What a host throws where it is not Node that throws it. */
export const systemError = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${REASONS.get(code) ?? "input/output error"}, '${path}'`), {
    code,
  });

/** Whether nothing stands at a path, or cannot. */
export const isAbsent = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "");

/**
 * `error` as a `UsageError` that reads `<path>: <action>: <reason>`, if it is one that the person
 * can do something about; otherwise `error` itself.
 */
export function fileError(path: string, action: string, error: unknown): unknown {
  const reason = REASONS.get(errorCode(error) ?? "");
  if (reason === undefined) return error;
  return new UsageError(`${path}: ${action}: ${reason}`, { cause: error });
}
