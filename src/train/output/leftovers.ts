/** @file What a run that was killed while it wrote has left: files under temporary names, which nobody else has a use for. */

import { isTemporary } from "../../host/atomic.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";

/** Removes temporary files from a directory that belongs to this run. */
export async function removeLeftovers(files: FileStore, directory: string): Promise<void> {
  for (const { name, kind } of await files.list(directory)) {
    if (kind === "file" && isTemporary(name)) await files.remove(join(directory, name));
  }
}
