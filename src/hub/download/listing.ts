/**
 * @file What files a repository has at a commit. A commit never changes, so that the answer is kept
 * beside the files:
 *
 *   trees/<commit>.json   {"format_version": 1, "files": {<path>: {"size", "blob_id", ...}}}
 *                         ... "lfs_sha256", "lfs_size", "xet_hash" where there are such
 *
 * A file is named in the cache, and verified, by its hash: SHA-256 of the content if it is stored
 * apart from Git (LFS, Xet), else Git's SHA-1 of "blob <size>\0" and the content.
 *
 * Source: `_tree_cache.py` of huggingface_hub, version 2.4.
 */

import { FormatError } from "../../errors.ts";
import { isObject, type JsonValue } from "../../files/json.ts";
import { parseJson } from "../../files/json-parser.ts";
import { writeFileAtomic } from "../../host/atomic.ts";
import { readText } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { dirname, join } from "../../host/path.ts";
import { isPlainFileName } from "../../weights/directory.ts";
import type { Connection } from "../connection.ts";
import type { Repository } from "../repository.ts";

export interface RemoteFile {
  /** In the repository, with "/". */
  readonly path: string;
  readonly bytes: number;
  /** Git's hash: of the content, or of what stands for it in Git if it is stored apart. */
  readonly blobId: string;
  /** Of the content of a file that is stored apart. */
  readonly sha256?: string;
  readonly xetHash?: string;
}

/** The hash of the content, which is the name of the file in the cache. */
export const contentHash = ({ blobId, sha256 }: RemoteFile): string => sha256 ?? blobId;

/**
 * The files of a repository at a commit.
 *
 * @throws {FormatError} if the Hub names a file that would lie outside the directory of the
 *   repository, or a hash that is none.
 */
export async function listRepository(
  connection: Connection,
  { type, name }: Repository,
  commit: string,
): Promise<readonly RemoteFile[]> {
  const { listFiles } = await import("@huggingface/hub");
  const repo = { type, name } as const;
  const files: RemoteFile[] = [];
  const entries = listFiles({ ...connection, repo, revision: commit, recursive: true });
  for await (const { type: kind, path, oid, size, lfs, xetHash } of entries) {
    if (kind !== "file") continue;
    const file = {
      path,
      bytes: lfs?.size ?? size,
      blobId: oid ?? "",
      ...(lfs && { sha256: lfs.oid }),
      ...(xetHash !== undefined && { xetHash }),
    };
    if (!isSound(file)) {
      throw new FormatError(name, `the Hub lists a file that cannot be kept; got ${path}`);
    }
    files.push(file);
  }
  return files;
}

/**
 * The files of a commit as they were listed before; undefined if they were not, or not in this
 * format.
 */
export async function readListing(
  store: FileStore,
  folder: string,
  commit: string,
): Promise<readonly RemoteFile[] | undefined> {
  const path = listingPath(folder, commit);
  try {
    return parseListing(parseJson(path, "listing", await readText(store, path)));
  } catch {
    return undefined;
  }
}

/** Keeps the files of a commit, in the format of huggingface_hub. */
export async function writeListing(
  store: FileStore,
  folder: string,
  commit: string,
  files: readonly RemoteFile[],
): Promise<void> {
  const path = listingPath(folder, commit);
  const entries = files
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path: name, bytes, blobId, sha256, xetHash }) => [
      name,
      {
        size: bytes,
        blob_id: blobId,
        ...(sha256 !== undefined && { lfs_sha256: sha256, lfs_size: bytes }),
        ...(xetHash !== undefined && { xet_hash: xetHash }),
      },
    ]);
  const listing = { format_version: FORMAT_VERSION, files: Object.fromEntries(entries) };
  await store.makeDirectory(dirname(path));
  await writeFileAtomic(store, path, (file) => file.write(JSON.stringify(listing, null, 1)));
}

const FORMAT_VERSION = 1;

const listingPath = (folder: string, commit: string): string =>
  join(folder, "trees", `${commit}.json`);

function parseListing(listing: JsonValue): readonly RemoteFile[] | undefined {
  if (!isObject(listing) || listing["format_version"] !== FORMAT_VERSION) return undefined;
  const { files } = listing;
  if (!isObject(files)) return undefined;
  const parsed = Object.entries(files).map(([path, entry]) => parseEntry(path, entry));
  return parsed.every((file) => file !== undefined) ? parsed : undefined;
}

function parseEntry(path: string, entry: JsonValue): RemoteFile | undefined {
  if (!isObject(entry)) return undefined;
  const { size, blob_id: blobId, lfs_sha256: sha256, lfs_size: lfsSize, xet_hash: xetHash } = entry;
  const bytes = typeof lfsSize === "number" ? lfsSize : size;
  if (typeof bytes !== "number" || typeof blobId !== "string") return undefined;
  const file = {
    path,
    bytes,
    blobId,
    ...(typeof sha256 === "string" && { sha256 }),
    ...(typeof xetHash === "string" && { xetHash }),
  };
  return isSound(file) ? file : undefined;
}

/** Whether path and hash, which come from others, can be names in the cache. */
const isSound = ({ path, bytes, blobId, sha256 = "0".repeat(64) }: RemoteFile): boolean =>
  path.split("/").every(isPlainFileName) &&
  Number.isSafeInteger(bytes) &&
  bytes >= 0 &&
  /^[0-9a-f]{40}$/.test(blobId) &&
  /^[0-9a-f]{64}$/.test(sha256);
