/**
 * @file One file, brought into the cache whole or not at all.
 *
 *   <hash>.<8 hexadecimal digits>.incomplete   while it comes, one for each process that fetches it
 *   <hash>.incomplete                          the part that has come, when a transfer fails
 *   <hash>                                     the file, after its size and its hash were verified
 *
 * A process takes a part that was left by renaming it, which only one of them can do. Several that
 * fetch the same file at the same time therefore never write to the same one: the rest of them
 * fetch it from the start, and whoever is first gives it its name. A lock would save the bytes, but
 * no lock works on every file system, and those that do not fail in silence.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../../errors.ts";
import { errorCode, fileError } from "../../weights/file-error.ts";
import { sizeOf } from "../cache.ts";
import { type Connection, connectionError, Refusal, Unreachable } from "../connection.ts";
import type { TransferEvent } from "../events.ts";
import { contentHash, type RemoteFile } from "./listing.ts";

export interface Download {
  readonly url: string;
  readonly file: RemoteFile;
  /** The path under which it is kept, which ends in its hash. */
  readonly blob: string;
}

export interface DownloadOptions {
  readonly connection: Connection;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TransferEvent) => void) | undefined;
  readonly patience?: Patience | undefined;
}

/** When a connection is given up, and a transfer. */
export interface Patience {
  /** A connection from which nothing comes for so long is broken. */
  readonly silenceMs: number;
  /** Waits before new attempts, after which a transfer that gets no further has failed. */
  readonly retryDelaysMs: readonly number[];
}

const PATIENCE: Patience = { silenceMs: 30_000, retryDelaysMs: [0, 1000, 4000] };

/**
 * Fetches a file, from where an earlier transfer broke off.
 *
 * @throws {UsageError} if it is not what the Hub said it would be, in which case nothing is kept,
 *   or cannot be written.
 * @throws {Unreachable} if the connection breaks and does not come back; what has come is kept.
 */
export async function download(
  { url, file, blob }: Download,
  options: DownloadOptions,
): Promise<void> {
  const partial = await takePartial(blob);
  try {
    let isResumed = (await sizeOf(partial)) !== undefined;
    for (;;) {
      await complete(partial, { url, file, blob }, options);
      const found = await hashFile(partial, file);
      if (found === contentHash(file)) break;
      await rm(partial, { force: true });
      if (!isResumed) throw damaged(file, found);
      // What was left may have been to blame.
      isResumed = false;
    }
    await rename(partial, blob);
  } catch (error) {
    await leavePartial(partial, blob);
    throw fileError(blob, "cannot write to the cache", error);
  }
}

const damaged = (file: RemoteFile, found: string): UsageError =>
  new UsageError(
    `${file.path}: came damaged, and was discarded;` +
      ` its hash must be ${contentHash(file)}, got ${found}`,
    { hint: "fetch it again; if that does not help, something on the way changes files" },
  );

/**
 * A part that nobody has written to for so long was left by a process that was killed, in
 * milliseconds.
 */
const ABANDONED_MS = 60_000;

/** A name for the file while it comes, and under it what is left of earlier transfers. */
async function takePartial(blob: string): Promise<string> {
  const own = `${blob}.${randomBytes(4).toString("hex")}.incomplete`;
  try {
    await mkdir(dirname(blob), { recursive: true });
    for (const left of [`${blob}.incomplete`, ...(await abandoned(blob))]) {
      try {
        await rename(left, own);
        return own;
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
      }
    }
  } catch (error) {
    throw fileError(blob, "cannot write to the cache", error);
  }
  return own;
}

async function abandoned(blob: string): Promise<readonly string[]> {
  const names = await readdir(dirname(blob));
  const paths = names
    .filter((name) => name.startsWith(`${basename(blob)}.`) && name.endsWith(".incomplete"))
    .map((name) => join(dirname(blob), name));
  const ages = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found === undefined ? 0 : Date.now() - found.mtimeMs;
    }),
  );
  return paths.filter((_, i) => (ages[i] ?? 0) > ABANDONED_MS);
}

/** Leaves what has come where the next transfer finds it. */
async function leavePartial(partial: string, blob: string): Promise<void> {
  if ((await sizeOf(partial)) === 0) await rm(partial, { force: true });
  else await rename(partial, `${blob}.incomplete`).catch(() => undefined);
}

/** Fetches what is missing of a file, again and again as long as more of it comes. */
async function complete(path: string, wanted: Download, options: DownloadOptions): Promise<void> {
  const { signal, patience: { retryDelaysMs } = PATIENCE } = options;
  const handle = await open(path, "a");
  try {
    let best = await length(handle);
    let delays = [...retryDelaysMs];
    while ((await length(handle)) !== wanted.file.bytes) {
      try {
        await receive(handle, wanted, options);
        break;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        const bytes = await length(handle);
        if (bytes > best) delays = [...retryDelaysMs];
        best = Math.max(best, bytes);
        const delay = delays.shift();
        if (delay === undefined) throw error;
        await sleep(delay, undefined, signal && { signal });
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const length = async (handle: FileHandle): Promise<number> => (await handle.stat()).size;

/** Asks for the rest of a file once, and appends what comes. */
async function receive(
  handle: FileHandle,
  { url, file }: Download,
  { connection, signal, onEvent, patience: { silenceMs } = PATIENCE }: DownloadOptions,
): Promise<void> {
  let bytes = await length(handle);
  if (bytes > file.bytes) {
    await handle.truncate(0);
    bytes = 0;
  }
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Unreachable(`nothing came for ${silenceMs / 1000} seconds`));
  }, silenceMs);
  try {
    const response = await connection.fetch(url, {
      headers: {
        // Sizes and ranges are those of the file, not of something compressed.
        "Accept-Encoding": "identity",
        ...(bytes > 0 && { Range: `bytes=${bytes}-` }),
        ...(connection.accessToken !== undefined && {
          Authorization: `Bearer ${connection.accessToken}`,
        }),
      },
      signal: silence.signal,
    });
    if (bytes > 0 && !continues(response, bytes)) {
      await handle.truncate(0);
      bytes = 0;
    }
    const event = { type: "transfer", file: file.path, totalBytes: file.bytes } as const;
    onEvent?.({ ...event, bytes });
    for await (const chunk of chunks(response, signal)) {
      timer.refresh();
      await handle.appendFile(chunk);
      bytes += chunk.length;
      onEvent?.({ ...event, bytes });
      if (bytes > file.bytes) return;
    }
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 416)) throw error;
    // There is less on the server than there is here: whichever is wrong, this part is of no use.
    await handle.truncate(0);
    throw new Unreachable("it refuses to go on with a file", { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (bytes < file.bytes) throw new Unreachable("the connection ended early");
}

/** Whether an answer goes on where it was asked to; a server may send everything instead. */
const continues = ({ status, headers }: Response, from: number): boolean =>
  status === 206 && (headers.get("Content-Range") ?? "").startsWith(`bytes ${from}-`);

async function* chunks(
  { body }: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (body) yield* body;
  } catch (error) {
    throw connectionError(error, signal);
  }
}

/** The hash of a file as the Hub computes it for this one. */
async function hashFile(path: string, { sha256 }: RemoteFile): Promise<string> {
  const hash = createHash(sha256 === undefined ? "sha1" : "sha256");
  if (sha256 === undefined) hash.update(`blob ${(await sizeOf(path)) ?? 0}\0`);
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
