/** @file The host that a browser is: files in its origin private file system, for workers. */

export { browserHost, type Navigator } from "./host.ts";
export type {
  AccessHandle,
  Content,
  CreateOptions,
  DirectoryHandle,
  FileContent,
  FileHandle,
  Locks,
} from "./handles.ts";
