/**
 * @file Some files of a repository, at one commit, in a directory of the cache.
 *
 * What is complete in the cache is used without a request if the revision is a commit or the
 * settings say offline, and with a notice if the Hub cannot be reached. A ref is written last, so
 * that it always leads to a snapshot that is complete.
 */

import { FormatError, UsageError } from "../../errors.ts";
import type { FileStore, Host } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import {
  blobPath,
  linkBlob,
  readRef,
  repositoryFolder,
  sizeOf,
  snapshotFiles,
  snapshotFolder,
  writeRef,
} from "../cache.ts";
import { connect, type Connection, Refusal, Unreachable } from "../connection.ts";
import { download, type DownloadOptions, type Patience } from "./download.ts";
import { hubSettings, type HubSettings } from "../environment.ts";
import type { HubEvent } from "../events.ts";
import {
  contentHash,
  listRepository,
  readListing,
  type RemoteFile,
  writeListing,
} from "./listing.ts";
import { formatRepository, isCommit, type Repository } from "../repository.ts";
import { notCached, outOfReach, refused } from "../sentences.ts";

/** Settings in place of those of the environment, and how a transfer is followed and ended. */
export interface HubOptions extends Partial<HubSettings> {
  readonly host: Host;
  readonly signal?: AbortSignal | undefined;
  /** Told what is going on. */
  readonly onEvent?: ((event: HubEvent) => void) | undefined;
  readonly patience?: Patience | undefined;
}

/** Which files of a repository are wanted. */
export interface Choice {
  /**
   * Those that their names tell.
   *
   * @throws {UsageError} if the repository is not what is wanted; nothing has been fetched then.
   */
  readonly first: (paths: readonly string[]) => Promise<readonly string[]> | readonly string[];
  /** Whether more of the repository may be wanted later: then no ref leads to what is fetched. */
  readonly isPart?: boolean;
  /** Those that the first ones name, once they lie in `directory`. */
  readonly rest?: (paths: readonly string[], directory: string) => Promise<readonly string[]>;
}

export interface Snapshot {
  readonly directory: string;
  /** The wanted files, by their paths in the repository. */
  readonly files: readonly string[];
}

/**
 * Fetches what is missing in the cache.
 *
 * @throws {UsageError} if the Hub refuses or is out of reach, a file comes damaged or cannot be
 *   written, or `choice` throws it.
 */
export async function fetchSnapshot(
  repository: Repository,
  choice: Choice,
  options: HubOptions,
): Promise<Snapshot> {
  const { host } = options;
  const settings = await hubSettings(host, options);
  const folder = repositoryFolder(settings.cacheDir, repository);
  if (settings.offline || isCommit(repository.revision)) {
    const cached = await cachedSnapshot(host.files, folder, repository, choice);
    if (cached) return cached;
    if (settings.offline) throw notCached(repository, settings);
  }
  try {
    const connection = connect(settings, options.signal);
    return await fetchFiles({ repository, folder, connection }, choice, options);
  } catch (error) {
    if (error instanceof Refusal) throw refused(error, repository, settings);
    if (!(error instanceof Unreachable)) throw error;
    const cached = await cachedSnapshot(host.files, folder, repository, choice);
    if (!cached) throw outOfReach(host, error, repository, settings);
    const message =
      `${settings.endpoint} cannot be reached (${error.message});` +
      ` ${formatRepository(repository)} is taken from the cache`;
    options.onEvent?.({ type: "notice", message });
    return cached;
  }
}

interface Source {
  readonly repository: Repository;
  /** Of the repository in the cache. */
  readonly folder: string;
  readonly connection: Connection;
}

async function fetchFiles(source: Source, choice: Choice, options: HubOptions): Promise<Snapshot> {
  const { repository, folder, connection } = source;
  const { revision } = repository;
  const { files } = options.host;
  const commit = isCommit(revision) ? revision : await commitOf(connection, repository);
  let listing = await readListing(files, folder, commit);
  if (!listing) {
    listing = await listRepository(connection, repository, commit);
    // A cache that cannot be written to may yet hold all that is wanted.
    await writeListing(files, folder, commit, listing).catch(() => undefined);
  }
  const directory = snapshotFolder(folder, commit);
  const byPath = new Map(listing.map((file) => [file.path, file]));
  const fetchAll = async (paths: readonly string[]): Promise<void> => {
    for (const path of paths) {
      const file = byPath.get(path);
      if (!file) throw new UsageError(`${formatRepository(repository)}: there is no file ${path}`);
      await fetchFile({ ...source, commit, file }, join(directory, path), {
        ...options,
        connection,
      });
    }
  };
  const paths = [...byPath.keys()];
  const first = await choice.first(paths);
  await fetchAll(first);
  const rest = (await choice.rest?.(paths, directory)) ?? [];
  await fetchAll(rest);
  if (!choice.isPart) await writeRef(files, folder, revision, commit).catch(() => undefined);
  return { directory, files: [...first, ...rest] };
}

/** The commit that a branch or tag is at now. */
async function commitOf(
  connection: Connection,
  { type, name, revision }: Repository,
): Promise<string> {
  // Most models are on disk already, and need nothing of the Hub.
  const { datasetInfo, modelInfo } = await import("@huggingface/hub");
  const params = { ...connection, name, revision };
  const { sha } =
    type === "dataset"
      ? await datasetInfo({ ...params, additionalFields: ["sha"] })
      : await modelInfo({ ...params, additionalFields: ["sha"] });
  if (isCommit(sha)) return sha;
  throw new FormatError(name, `the Hub gives no commit; got ${JSON.stringify(sha)}`);
}

interface FileSource extends Source {
  readonly commit: string;
  readonly file: RemoteFile;
}

async function fetchFile(
  { repository, folder, connection, commit, file }: FileSource,
  pointer: string,
  options: DownloadOptions,
): Promise<void> {
  const { files } = options.host;
  if ((await sizeOf(files, pointer)) === file.bytes) return;
  const blob = blobPath(folder, contentHash(file));
  if ((await sizeOf(files, blob)) !== file.bytes) {
    const prefix = repository.type === "dataset" ? "datasets/" : "";
    const path = file.path.split("/").map(encodeURIComponent).join("/");
    const url = `${connection.hubUrl}/${prefix}${repository.name}/resolve/${commit}/${path}`;
    await download({ url, file, blob }, options);
  }
  await linkBlob(options.host, blob, pointer);
}

/** What is wanted, if all of it is in the cache. */
async function cachedSnapshot(
  files: FileStore,
  folder: string,
  { revision }: Repository,
  choice: Choice,
): Promise<Snapshot | undefined> {
  const commit = await readRef(files, folder, revision);
  if (commit === undefined) return undefined;
  const directory = snapshotFolder(folder, commit);
  const listing = await readListing(files, folder, commit);
  // Other programs, and older versions, leave no listing: then what is there must do.
  const paths = listing?.map(({ path }) => path) ?? (await snapshotFiles(files, directory));
  const bytes = new Map(listing?.map((file) => [file.path, file.bytes]));
  const areThere = async (wanted: readonly string[]): Promise<boolean> => {
    const sizes = await Promise.all(wanted.map((path) => sizeOf(files, join(directory, path))));
    return sizes.every((size, i) => {
      return size !== undefined && size === (bytes.get(wanted[i] ?? "") ?? size);
    });
  };
  try {
    const first = await choice.first(paths);
    if (!(await areThere(first))) return undefined;
    const rest = (await choice.rest?.(paths, directory)) ?? [];
    return (await areThere(rest)) ? { directory, files: [...first, ...rest] } : undefined;
  } catch (error) {
    if (listing === undefined && error instanceof UsageError) return undefined;
    throw error;
  }
}
