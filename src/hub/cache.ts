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

import { randomBytes } from "node:crypto";
import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { writeFileAtomic } from "../weights/atomic.ts";
import { errorCode, fileError } from "../weights/file-error.ts";
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
export async function readRef(folder: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  try {
    const commit = (await readFile(refPath(folder, revision), "utf8")).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

export async function writeRef(folder: string, revision: string, commit: string): Promise<void> {
  if ((await readRef(folder, revision)) === commit) return;
  const path = refPath(folder, revision);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, (handle) => handle.writeFile(commit));
}

const refPath = (folder: string, revision: string): string =>
  join(folder, "refs", ...revision.split("/"));

/** The files of a snapshot that are there, by their paths in the repository. */
export async function snapshotFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return [];
      throw fileError(directory, "cannot read the cache", error);
    },
  );
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) =>
      relative(directory, join(parentPath, name)).split(sep).join("/"),
    );
}

/** Gives a blob its name in a snapshot, at once and whatever had it before. */
export async function linkBlob(blob: string, pointer: string): Promise<void> {
  const temporary = `${pointer}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(pointer), { recursive: true });
    await linkOrCopy(blob, temporary);
    await rename(temporary, pointer);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(pointer, "cannot write to the cache", error);
  }
}

/**
 * A relative link, so that the cache can be moved; Windows allows it to administrators, FAT knows
 * no links.
 */
async function linkOrCopy(blob: string, pointer: string): Promise<void> {
  const ways = [
    () => symlink(relative(dirname(pointer), blob), pointer),
    () => link(blob, pointer),
    () => copyFile(blob, pointer),
  ];
  for (const [i, way] of ways.entries()) {
    try {
      return await way();
    } catch (error) {
      const isRefused = ["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "UNKNOWN"].includes(
        errorCode(error) ?? "",
      );
      if (!isRefused || i === ways.length - 1) throw error;
    }
  }
}

/** The size of a file, links followed; undefined if there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw fileError(path, "cannot read", error);
  }
}
