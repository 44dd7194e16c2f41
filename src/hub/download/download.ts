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

import { UsageError } from "../../errors.ts";
import { errorCode, fileError } from "../../host/file-error.ts";
import type { Host, WritableFile } from "../../host/host.ts";
import { basename, dirname, join } from "../../host/path.ts";
import { randomName, sizeOf } from "../cache.ts";
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
  readonly host: Host;
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
  const { host } = options;
  const { files } = host;
  const partial = await takePartial(host, blob);
  try {
    let isResumed = (await sizeOf(files, partial)) !== undefined;
    for (;;) {
      await complete(partial, { url, file, blob }, options);
      const found = await hashFile(host, partial, file);
      if (found === contentHash(file)) break;
      await files.remove(partial);
      if (!isResumed) throw damaged(file, found);
      // What was left may have been to blame.
      isResumed = false;
    }
    await files.rename(partial, blob);
  } catch (error) {
    await leavePartial(host, partial, blob);
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
async function takePartial(host: Host, blob: string): Promise<string> {
  const { files } = host;
  const own = `${blob}.${randomName(host)}.incomplete`;
  try {
    await files.makeDirectory(dirname(blob));
    for (const left of [`${blob}.incomplete`, ...(await abandoned(host, blob))]) {
      try {
        await files.rename(left, own);
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

async function abandoned({ files, clock }: Host, blob: string): Promise<readonly string[]> {
  const entries = await files.list(dirname(blob));
  const paths = entries
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${basename(blob)}.`) && name.endsWith(".incomplete"))
    .map((name) => join(dirname(blob), name));
  const ages = await Promise.all(
    paths.map(async (path) => {
      const found = await files.stat(path).catch(() => undefined);
      return found === undefined ? 0 : clock.dateMs() - found.modifiedMs;
    }),
  );
  return paths.filter((_, i) => (ages[i] ?? 0) > ABANDONED_MS);
}

/** Leaves what has come where the next transfer finds it. */
async function leavePartial({ files }: Host, partial: string, blob: string): Promise<void> {
  if ((await sizeOf(files, partial)) === 0) await files.remove(partial);
  else await files.rename(partial, `${blob}.incomplete`).catch(() => undefined);
}

/** Fetches what is missing of a file, again and again as long as more of it comes. */
async function complete(path: string, wanted: Download, options: DownloadOptions): Promise<void> {
  const { host, signal, patience: { retryDelaysMs } = PATIENCE } = options;
  const part = await host.files.append(path);
  try {
    let best = part.bytes;
    let delays = [...retryDelaysMs];
    while (part.bytes !== wanted.file.bytes) {
      try {
        await receive(part, wanted, options);
        break;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        if (part.bytes > best) delays = [...retryDelaysMs];
        best = Math.max(best, part.bytes);
        const delay = delays.shift();
        if (delay === undefined) throw error;
        await host.clock.wait(delay, signal);
      }
    }
    await part.sync();
  } finally {
    await part.close();
  }
}

/** Asks for the rest of a file once, and appends what comes. */
async function receive(
  part: WritableFile,
  { url, file }: Download,
  { connection, signal, onEvent, patience: { silenceMs } = PATIENCE }: DownloadOptions,
): Promise<void> {
  if (part.bytes > file.bytes) await part.clear();
  const from = part.bytes;
  const silence = new AbortController();
  const listen = () =>
    setTimeout(() => {
      silence.abort(new Unreachable(`nothing came for ${silenceMs / 1000} seconds`));
    }, silenceMs);
  let timer = listen();
  try {
    const response = await connection.fetch(url, {
      headers: {
        // Sizes and ranges are those of the file, not of something compressed.
        "Accept-Encoding": "identity",
        ...(from > 0 && { Range: `bytes=${from}-` }),
        ...(connection.accessToken !== undefined && {
          Authorization: `Bearer ${connection.accessToken}`,
        }),
      },
      signal: silence.signal,
    });
    if (from > 0 && !continues(response, from)) await part.clear();
    const event = { type: "transfer", file: file.path, totalBytes: file.bytes } as const;
    onEvent?.({ ...event, bytes: part.bytes });
    for await (const chunk of chunks(response, signal)) {
      clearTimeout(timer);
      timer = listen();
      await part.write(chunk);
      onEvent?.({ ...event, bytes: part.bytes });
      if (part.bytes > file.bytes) return;
    }
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 416)) throw error;
    // There is less on the server than there is here: whichever is wrong, this part is of no use.
    await part.clear();
    throw new Unreachable("it refuses to go on with a file", { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (part.bytes < file.bytes) throw new Unreachable("the connection ended early");
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

const PART_BYTES = 2 ** 20;

/** The hash of a file as the Hub computes it for this one. */
async function hashFile(
  { files, hash: newHash }: Host,
  path: string,
  { sha256 }: RemoteFile,
): Promise<string> {
  const file = await files.open(path);
  try {
    const hash = newHash(sha256 === undefined ? "sha1" : "sha256");
    if (sha256 === undefined) hash.update(new TextEncoder().encode(`blob ${file.bytes}\0`));
    for (let begin = 0; begin < file.bytes; begin += PART_BYTES) {
      hash.update(await file.read(begin, Math.min(file.bytes, begin + PART_BYTES)));
    }
    return await hash.digest();
  } finally {
    await file.close();
  }
}
