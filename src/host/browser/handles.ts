/**
 * @file The parts of the File System standard that a store of files needs (WHATWG File System, "origin private file system"), as types: the library is
 * compiled without those of the DOM.
 *
 * A file's content is read through a snapshot, which any number of readers may hold, and written through a synchronous access handle, of
 * which there is one at a time, and in workers alone. In Chromium a snapshot cannot be read any more once something was written, but for
 * profiles whose files are in memory.
 */

import { systemError } from "../file-error.ts";

/** A snapshot of a file, or a range of one. */
export interface Content {
  readonly size: number;
  /** The bytes from `begin` to `end` (exclusive), not read yet. */
  slice(begin: number, end: number): Content;
  /** All of its bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The snapshot of a whole file. */
export interface FileContent extends Content {
  readonly lastModified: number;
}

/** A file that is open to be written. */
export interface AccessHandle {
  /** Returns how many bytes it took. */
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  /** Cuts it off after so many bytes. */
  truncate(bytes: number): void;
  /** Bytes in it. */
  getSize(): number;
  /** Returns when they are on disk. */
  flush(): void;
  /** Lets others write. */
  close(): void;
}

/** A file by its name. */
export interface FileHandle {
  readonly kind: "file";
  /** What is in it now. */
  getFile(): Promise<FileContent>;
  /** Opens it to be written, in workers. */
  createSyncAccessHandle(): Promise<AccessHandle>;
  /** Gives it another place, whatever has that. */
  move(directory: DirectoryHandle, name: string): Promise<void>;
}

/** A directory by its name. */
export interface DirectoryHandle {
  readonly kind: "directory";
  /** A directory in it. */
  getDirectoryHandle(name: string, options?: CreateOptions): Promise<DirectoryHandle>;
  /** A file in it. */
  getFileHandle(name: string, options?: CreateOptions): Promise<FileHandle>;
  /** Removes what has a name. */
  removeEntry(name: string, options?: { readonly recursive: boolean }): Promise<void>;
  /** What is in it, by name. */
  entries(): AsyncIterable<[string, { readonly kind: "directory" | "file" }]>;
}

/** Whether what is not there is made. */
export interface CreateOptions {
  readonly create: boolean;
}

/** Locks among all tabs and workers of an origin (W3C Web Locks). */
export interface Locks {
  /** Does the work once nobody else has a lock of the name, which is held until it is done. */
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Who holds what. */
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** The name of what a browser threw, such as "NotFoundError". */
export const exceptionName = (error: unknown): string | undefined =>
  error instanceof Error ? error.name : undefined;

const CODES = new Map([
  ["InvalidModificationError", "ENOTEMPTY"],
  ["NoModificationAllowedError", "EBUSY"],
  ["NotAllowedError", "EACCES"],
  ["NotFoundError", "ENOENT"],
  ["NotReadableError", "EIO"],
  ["QuotaExceededError", "EDQUOT"],
  ["SecurityError", "EACCES"],
]);

/** What a browser threw as a host throws it; what is no error of a file stays what it is. */
export function asSystemError(path: string, error: unknown): unknown {
  const code = CODES.get(exceptionName(error) ?? "");
  return code === undefined ? error : Object.assign(systemError(code, path), { cause: error });
}
