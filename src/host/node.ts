/** @file The host that Node.js is. */

import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
} from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { crc32 } from "node:zlib";
import { claimInTime } from "./claim.ts";
import { availableBytes } from "./node-memory.ts";
import { errorCode, isAbsent } from "./file-error.ts";
import type {
  Clock,
  FileEntry,
  FileStore,
  Host,
  NewFile,
  ReadableFile,
  ScratchFile,
} from "./host.ts";

/** The files, the clock and the rest of the process that runs. */
export const nodeHost = (): Host => ({
  files: nodeFiles,
  clock,
  memory: {
    residentBytes: () => process.memoryUsage.rss(),
    peakBytes: () => process.resourceUsage().maxRSS * 1024,
    availableBytes,
    heapLimitBytes: () => getHeapStatistics().heap_size_limit,
  },
  home: homedir(),
  randomBytes: (count) => new Uint8Array(randomBytes(count)),
  environment: (name) => process.env[name],
  hash(algorithm) {
    const hash = createHash(algorithm);
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => Promise.resolve(hash.digest("hex")),
    };
  },
});

const clock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  async wait(ms, signal) {
    try {
      await wait(ms, undefined, signal && { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

const nodeFiles: FileStore = {
  absolute: (path) => resolve(path),

  async open(path) {
    const handle = await open(path, "r");
    try {
      return readable(handle, await statOf(handle));
    } catch (error) {
      await handle.close();
      throw error;
    }
  },

  create: async (path) => writable(await open(path, "wx"), 0),

  async append(path) {
    const handle = await open(path, "a");
    try {
      return writable(handle, await statOf(handle));
    } catch (error) {
      await handle.close();
      throw error;
    }
  },

  scratch: async (directory) => scratch(directory),

  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },

  async stat(path) {
    try {
      const found = await stat(path);
      const kind = found.isDirectory() ? "directory" : "file";
      return { kind, bytes: found.size, modifiedMs: found.mtimeMs };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  },

  async list(directory) {
    const entries = await readdir(directory, { withFileTypes: true });
    const found = entries.map(async (entry): Promise<FileEntry> => {
      const { name } = entry;
      const isDirectory = entry.isSymbolicLink()
        ? await leadsToDirectory(join(directory, name))
        : entry.isDirectory();
      return { name, kind: isDirectory ? "directory" : "file" };
    });
    return (await Promise.all(found)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  },

  async makeDirectory(path) {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    const top = dirname(resolve(first));
    for (let made = resolve(path); made !== top && made !== dirname(made); made = dirname(made)) {
      await syncDirectory(dirname(made)).catch((error: unknown) => {
        // Who may write to a directory need not be allowed to read it.
        if (errorCode(error) !== "EACCES") throw error;
      });
    }
  },

  rename,
  link: linkOrCopy,
  remove: (path) => rm(path, { recursive: true, force: true }),

  async removeEmpty(directory) {
    try {
      await rmdir(directory);
      return true;
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "EBUSY"].includes(errorCode(error) ?? "")) return false;
      throw error;
    }
  },

  syncDirectory,

  lock: (path) => lock(path),

  crc32,
};

const statOf = async (handle: FileHandle): Promise<number> => (await handle.stat()).size;

/** Linux moves at most 2 GiB per call, and Node refuses more. */
const MOST_BYTES_AT_ONCE = 2 ** 30;

/** A file is read in parts, of which one is read while the one before is looked at. */
const PART_BYTES = 2 ** 20;
const PARTS_AT_ONCE = 2;

const readable = (handle: FileHandle, bytes: number): ReadableFile => ({
  bytes,
  async read(begin, end, seen) {
    const read = new Uint8Array(Math.max(0, end - begin));
    const reading: Promise<() => number>[] = [];
    const readNext = (): void => {
      const start = reading.length * PART_BYTES;
      if (start >= read.length) return;
      const part = read.subarray(start, start + PART_BYTES);
      // Nobody may be waiting yet when it fails.
      const failed = (error: unknown) => () => {
        throw error;
      };
      reading.push(fill(handle, part, begin + start).then((count) => () => count, failed));
    };
    for (let i = 0; i < PARTS_AT_ONCE; i += 1) readNext();
    try {
      let done = 0;
      for (let part = reading[0]; part; part = reading[done / PART_BYTES]) {
        const count = (await part)();
        readNext();
        seen?.(read.subarray(done, done + count));
        done += count;
        if (count < PART_BYTES) break;
      }
      return done < read.length ? read.slice(0, done) : read;
    } finally {
      await Promise.all(reading);
    }
  },
  close: () => handle.close(),
});

/** Reads what stands in a file from a position on, and returns how many bytes it is; fewer than asked for where the file ends before. */
async function fill(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function writable(handle: FileHandle, begin: number): NewFile {
  let size = begin;
  return {
    get bytes() {
      return size;
    },
    async write(content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, MOST_BYTES_AT_ONCE);
        const { bytesWritten } = await handle.write(bytes, done, length);
        done += bytesWritten;
        size += bytesWritten;
      }
    },
    async replace(position, bytes) {
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, MOST_BYTES_AT_ONCE);
        done += (await handle.write(bytes, done, length, position + done)).bytesWritten;
      }
    },
    async clear() {
      await handle.truncate(0);
      size = 0;
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Files of which nobody knows any more. */
const forgotten = new FinalizationRegistry<number>(closeSync);

/** A file whose name is taken away at once: whoever ends the process, the disk has its room back. */
function scratch(directory: string): ScratchFile {
  const path = join(directory, `scratch-${randomBytes(8).toString("hex")}.tmp`);
  const file = openSync(path, "wx+");
  rmSync(path);
  const scratchFile: ScratchFile = {
    read(begin, bytes) {
      let done = 0;
      while (done < bytes.length) {
        const length = Math.min(bytes.length - done, MOST_BYTES_AT_ONCE);
        const count = readSync(file, bytes, done, length, begin + done);
        if (count === 0) break;
        done += count;
      }
      bytes.fill(0, done);
    },
    write(begin, bytes) {
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, MOST_BYTES_AT_ONCE);
        done += writeSync(file, bytes, done, length, begin + done);
      }
    },
    close() {
      forgotten.unregister(scratchFile);
      closeSync(file);
    },
  };
  forgotten.register(scratchFile, file, scratchFile);
  return scratchFile;
}

async function leadsToDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and orders its own metadata.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A relative link, so that the directories of both can be moved; Windows allows it to administrators, FAT knows
 * no links.
 */
async function linkOrCopy(file: string, path: string): Promise<void> {
  const ways = [
    () => symlink(relative(dirname(path), file), path),
    () => link(file, path),
    () => copyFile(file, path),
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

const lock: FileStore["lock"] = (path) =>
  claimInTime(nodeFiles, path, {
    claimant: {
      machine: hostname(),
      process: process.pid,
      isRunning,
      randomBytes: (count) => randomBytes(count),
    },
    clock,
  });

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
