/** @file Whole files. */

import { fileError } from "./file-error.ts";
import type { FileStore } from "./host.ts";

/** All bytes of a file. */
export async function readBytes(files: FileStore, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await files.open(path);
  try {
    return await file.read(0, file.bytes);
  } finally {
    await file.close();
  }
}

/** A file as text; bytes that are not UTF-8 become U+FFFD. */
export const readText = async (files: FileStore, path: string): Promise<string> =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readBytes(files, path));

/** Whether something stands at a path. @throws {UsageError} if one may not look. */
export async function exists(files: FileStore, path: string): Promise<boolean> {
  try {
    return (await files.stat(path)) !== undefined;
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}

/** Writes a file anew, not atomically: for what can be made again. */
export async function writeFile(
  files: FileStore,
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  const file = await files.append(path);
  try {
    await file.clear();
    await file.write(content);
  } finally {
    await file.close();
  }
}
