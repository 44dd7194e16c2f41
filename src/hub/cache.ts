/**
 * @file The cache that all of Hugging Face's tools share:
 *
 *   <cache>/models--owner--name/           datasets--owner--name
 *     refs/<revision>                      the commit that a branch or tag was at
 *     snapshots/<commit>/<path>            links to ../../blobs/<hash>
 *     blobs/<hash>                         the files, once each
 *     blobs/<hash>.incomplete              the part of a file that has come
 *     trees/<commit>.json                  see listing.ts
 *
 * Source: "Understand caching" in the documentation of huggingface_hub, version 2.4.
 */

import { writeFileAtomic } from "../host/atomic.ts";
import { readText } from "../host/content.ts";
import { fileError, isAbsent } from "../host/file-error.ts";
import type { FileStore, Host } from "../host/host.ts";
import { dirname, join } from "../host/path.ts";
import { isCommit, parseRepository, type Repository } from "./repository.ts";

export const repositoryFolder = (cacheDir: string, { type, name }: Repository): string =>
  join(cacheDir, `${type}s--${name.replaceAll("/", "--")}`);

export const snapshotFolder = (folder: string, commit: string): string =>
  join(folder, "snapshots", commit);

export const blobPath = (folder: string, hash: string): string => join(folder, "blobs", hash);

/** The name of the repository that a path into a snapshot of the cache belongs to. */
export function repositoryOfPath(path: string): Repository | undefined {
  const [, type, name, commit] =
    /(?:^|[/\\])(model|dataset)s--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?:$|[/\\])/.exec(
      path,
    ) ?? [];
  if ((type !== "model" && type !== "dataset") || name === undefined) return undefined;
  return parseRepository(`${name.replace("--", "/")}@${commit}`, type);
}

/** The commit of a revision when it was last fetched. */
export async function readRef(
  files: FileStore,
  folder: string,
  revision: string,
): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  try {
    const commit = (await readText(files, refPath(folder, revision))).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

export async function writeRef(
  files: FileStore,
  folder: string,
  revision: string,
  commit: string,
): Promise<void> {
  if ((await readRef(files, folder, revision)) === commit) return;
  const path = refPath(folder, revision);
  await files.makeDirectory(dirname(path));
  await writeFileAtomic(files, path, (file) => file.write(commit));
}

const refPath = (folder: string, revision: string): string =>
  join(folder, "refs", ...revision.split("/"));

/** The files of a snapshot that are there, by their paths in the repository. */
export async function snapshotFiles(
  files: FileStore,
  directory: string,
  prefix = "",
): Promise<readonly string[]> {
  const entries = await files.list(directory).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw fileError(directory, "cannot read the cache", error);
  });
  const found = entries.map(async ({ name, kind }) =>
    kind === "file"
      ? [prefix + name]
      : snapshotFiles(files, join(directory, name), `${prefix}${name}/`),
  );
  return (await Promise.all(found)).flat();
}

/** Gives a blob its name in a snapshot, at once and whatever had it before. */
export async function linkBlob(host: Host, blob: string, pointer: string): Promise<void> {
  const { files } = host;
  const temporary = `${pointer}.${randomName(host)}.tmp`;
  try {
    await files.makeDirectory(dirname(pointer));
    await files.link(blob, temporary);
    await files.rename(temporary, pointer);
  } catch (error) {
    await files.remove(temporary);
    throw fileError(pointer, "cannot write to the cache", error);
  }
}

/** Eight hexadecimal digits that nobody else has. */
export const randomName = (host: Host): string =>
  Array.from(host.randomBytes(4), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The size of a file, links followed; undefined if there is none. */
export async function sizeOf(files: FileStore, path: string): Promise<number | undefined> {
  try {
    return (await files.stat(path))?.bytes;
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}
