/**
 * @file The host that a browser is, for a worker of a page: files in the origin private file system, locks among tabs.
 *
 * @example
 * const host = browserHost(); // in a worker
 * await writeFile(host.files, "data/chats.jsonl", bytes);
 */

import { type Claimant, claimInTime } from "../claim.ts";
import { webHash } from "../digest.ts";
import type { Clock, FileStore, Host } from "../host.ts";
import { browserFiles } from "./files.ts";
import type { DirectoryHandle, Locks } from "./handles.ts";

/** What of a browser's `navigator` is used. */
export interface Navigator {
  readonly storage: {
    /** The root of the origin private file system. */
    getDirectory(): Promise<DirectoryHandle>;
  };
  readonly locks: Locks;
  /** The memory of the machine, in GiB, a power of two and 8 or 32 at most; undefined where it is not told. */
  readonly deviceMemory?: number;
}

declare const navigator: Navigator;

/** Where WebAssembly's addresses end: what a program works on has to fit below. */
const HEAP_BYTES = 2 ** 32;
const MOST_RANDOM_BYTES = 2 ** 16;

/** The host of the browser that this runs in; its files are for workers alone. */
export function browserHost({ storage, locks, deviceMemory }: Navigator = navigator): Host {
  const claimant = claimantOf(locks);
  const lock: FileStore["lock"] = async (path) =>
    claimInTime(files, path, { claimant: await claimant(), clock });
  const files = browserFiles({ root: once(() => storage.getDirectory()), locks, lock });
  return {
    files,
    clock,
    memory: {
      // A page is not told what it takes.
      residentBytes: () => 0,
      peakBytes: () => 0,
      availableBytes: () => Math.min(HEAP_BYTES, (deviceMemory ?? Infinity) * 2 ** 30),
      heapLimitBytes: () => undefined,
    },
    home: "/home",
    randomBytes,
    environment: () => undefined,
    hash: webHash,
  };
}

const clock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let begin = 0; begin < count; begin += MOST_RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(begin, begin + MOST_RANDOM_BYTES));
  }
  return bytes;
}

/**
 * A worker as a process, which runs as long as the lock of its number is held: browsers let go of it with the worker, however that ends.
 */
function claimantOf(locks: Locks): () => Promise<Claimant> {
  const nameOf = (id: number) => `flora process ${id}`;
  return once(async () => {
    const [id = 1] = crypto.getRandomValues(new Uint32Array(1));
    await new Promise<void>((held) => {
      void locks.request(nameOf(id), () => {
        held();
        return new Promise<never>(() => undefined);
      });
    });
    return {
      machine: "browser",
      process: id,
      isRunning: async (other) => {
        const { held = [] } = await locks.query();
        return held.some(({ name }) => name === nameOf(other));
      },
      randomBytes,
    };
  });
}

/** What is made when it is first asked for, and kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
