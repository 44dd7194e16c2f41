/** The files of this computer, and files to read that are written for a test. */

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileStore } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node.ts";
import type { DataColumns } from "../../src/data/index.ts";

export const nodeFiles: FileStore = nodeHost().files;

/** Files in a folder of their own, contents by name. */
export async function write(
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "flora-data-"));
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(folder, name), content);
  }
  return Object.keys(contents).map((name) => join(folder, name));
}

/** The columns of the options by default. */
export const COLUMNS: DataColumns = {};

/** All that comes, as a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
