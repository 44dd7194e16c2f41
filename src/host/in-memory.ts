/**
 * @file A host that is nothing but memory: for tests, and wherever there is no disk.
 *
 * Its clock stands still but for `wait`, which takes no time; what is random is the same in every run. Its disk can fail, or lose its power:
 *
 * @example
 * const host = memoryHost({ powerCutAt: 7 });
 * await save(host.files).catch(() => undefined);
 * const after = host.crash(); // a machine that starts with what was synced
 */

import { claim } from "./claim.ts";
import { crc32 } from "./crc32.ts";
import { webHash } from "./digest.ts";
import { isAbsent, systemError } from "./file-error.ts";
import type { FileStore, Host, NewFile } from "./host.ts";
import {
  afterPowerCut,
  appendTo,
  changeNames,
  contentOf,
  type DiskDirectory,
  type DiskFile,
  find,
  findDirectory,
  findFile,
  newDirectory,
  newFile,
  parentOf,
  placesOf,
  syncNames,
  type UnsyncedChange,
} from "./memory-disk.ts";
import { dirname } from "./path.ts";

/** What a host in memory begins with, and how its disk fails. */
export interface MemoryHostOptions {
  /** Files that are there, synced, by their paths. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  /** Of memory; without end if absent. */
  readonly availableBytes?: number;
  /** Of the disk; without end if absent. */
  readonly freeBytes?: number;
  /** The time at the beginning, in milliseconds since 1970. */
  readonly dateMs?: number;
  /** The change of the disk, counted from 1, that fails, and with which code; "ENOSPC" if it is not said. */
  readonly failAt?: number;
  readonly failure?: string;
  /** The change of the disk at which the power goes: it and all that comes after it fail. */
  readonly powerCutAt?: number;
}

export interface MemoryHost extends Host {
  /** Changes of the disk so far: files made, written, cleared, synced, renamed, linked or removed; directories made or synced. */
  changes(): number;
  /** Another process of this machine. */
  fork(): MemoryHost;
  /** The machine after a power cut. Of what was not synced nothing is left but what `isKept`. */
  crash(isKept?: (change: UnsyncedChange) => boolean): MemoryHost;
}

/** What all processes share. */
interface Machine {
  readonly root: DiskDirectory;
  /** Those that run. */
  readonly processes: Set<number>;
  lastProcess: number;
  randomState: number;
  passedMs: number;
}

/** A host in memory. */
export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
  const root = newDirectory(options.dateMs ?? 0);
  const machine = {
    root,
    processes: new Set<number>(),
    lastProcess: 0,
    randomState: 1,
    passedMs: 0,
  };
  for (const [path, content] of Object.entries(options.files ?? {})) {
    makeDirectories(root, dirname(`/${path}`), options.dateMs ?? 0);
    const bytes = Uint8Array.from(bytesOf(content));
    const { directory, name } = parentOf(root, path);
    directory.entries.set(name, { ...newFile(options.dateMs ?? 0, bytes), synced: bytes.slice() });
    syncNames(directory);
  }
  return startProcess(machine, options);
}

function startProcess(machine: Machine, options: MemoryHostOptions): MemoryHost {
  const id = ++machine.lastProcess;
  machine.processes.add(id);
  const dateMs = () => (options.dateMs ?? 0) + machine.passedMs;
  const power = powerOf(options);
  const randomBytes = (count: number) =>
    Uint8Array.from({ length: count }, () => nextByte(machine));
  const isRunning = (process: number) => machine.processes.has(process);
  const claimant = { machine: "memory", process: id, isRunning, randomBytes };
  const files: FileStore = memoryFiles(machine.root, {
    dateMs,
    power,
    freeBytes: options.freeBytes ?? Infinity,
    lock: (path) => claim(files, path, claimant),
  });
  const { failAt: _, powerCutAt: _2, ...lasting } = options;
  return {
    files,
    clock: {
      nowMs: () => machine.passedMs,
      dateMs,
      async wait(ms, signal) {
        signal?.throwIfAborted();
        machine.passedMs += ms;
        // Whatever else is due has its turn, as it has in real time.
        await new Promise((resolve) => setTimeout(resolve, 0));
        signal?.throwIfAborted();
      },
    },
    memory: {
      residentBytes: () => 0,
      peakBytes: () => 0,
      availableBytes: () => options.availableBytes ?? Infinity,
      heapLimitBytes: () => undefined,
    },
    home: options.home ?? "/home",
    randomBytes,
    environment: (name) => options.environment?.[name],
    hash: webHash,
    changes: power.changes,
    fork: () => startProcess(machine, options),
    crash(isKept = () => false) {
      const root = afterPowerCut(machine.root, isKept);
      return startProcess({ ...machine, root, processes: new Set() }, lasting);
    },
  };
}

/** Counts the changes, and fails where it is asked to. */
interface Power {
  changes(): number;
  /** Before a change. */
  change(path: string): void;
  /** Before anything else. */
  check(path: string): void;
}

function powerOf({ failAt, failure = "ENOSPC", powerCutAt = Infinity }: MemoryHostOptions): Power {
  let changes = 0;
  const check = (path: string): void => {
    if (changes >= powerCutAt) throw systemError("EIO", path);
  };
  return {
    changes: () => changes,
    check,
    change(path) {
      changes++;
      check(path);
      if (changes === failAt) throw systemError(failure, path);
    },
  };
}

function memoryFiles(
  root: DiskDirectory,
  {
    dateMs,
    power,
    freeBytes,
    lock,
  }: {
    readonly dateMs: () => number;
    readonly power: Power;
    readonly freeBytes: number;
    readonly lock: FileStore["lock"];
  },
): FileStore {
  const writable = (file: DiskFile, path: string): NewFile => ({
    get bytes() {
      return file.bytes;
    },
    async write(content) {
      power.change(path);
      appendTo(file, bytesOf(content));
      file.modifiedMs = dateMs();
    },
    async replace(begin, bytes) {
      power.change(path);
      file.content.set(bytes, begin);
    },
    async clear() {
      power.change(path);
      file.bytes = 0;
      file.modifiedMs = dateMs();
    },
    async sync() {
      power.change(path);
      file.synced = contentOf(file);
    },
    async close() {
      power.check(path);
    },
  });

  const add = (path: string): NewFile => {
    const { directory, name } = parentOf(root, path);
    const file = newFile(dateMs());
    changeNames(directory, [name, file]);
    return writable(file, path);
  };

  const isThere = (path: string): boolean => {
    try {
      find(root, path);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  };

  return {
    absolute: (path) => `/${placesOf(path).join("/")}`,

    async open(path) {
      power.check(path);
      const file = findFile(root, path);
      return {
        bytes: file.bytes,
        async read(begin, end) {
          power.check(path);
          return file.content.slice(begin, Math.min(Math.max(begin, end), file.bytes));
        },
        async close() {},
      };
    },

    async create(path) {
      power.change(path);
      if (isThere(path)) throw systemError("EEXIST", path);
      return add(path);
    },

    async append(path) {
      power.change(path);
      return isThere(path) ? writable(findFile(root, path), path) : add(path);
    },

    async scratch(directory) {
      power.change(directory);
      findDirectory(root, directory);
      const file = newFile(dateMs());
      return {
        read(begin, bytes) {
          power.check(directory);
          const found = file.content.subarray(begin, begin + bytes.length);
          bytes.set(found);
          bytes.fill(0, found.length);
        },
        write(begin, bytes) {
          power.change(directory);
          const missing = begin + bytes.length - file.bytes;
          if (missing > 0) appendTo(file, new Uint8Array(missing));
          file.content.set(bytes, begin);
        },
        close: () => undefined,
      };
    },

    async freeBytes(directory) {
      findDirectory(root, directory);
      return freeBytes;
    },

    async stat(path) {
      power.check(path);
      if (!isThere(path)) return undefined;
      const node = find(root, path);
      const { kind, modifiedMs } = node;
      return { kind, bytes: node.kind === "file" ? node.bytes : 0, modifiedMs };
    },

    async list(directory) {
      power.check(directory);
      const { entries } = findDirectory(root, directory);
      return [...entries]
        .map(([name, { kind }]) => ({ name, kind }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },

    async makeDirectory(path) {
      power.change(path);
      makeDirectories(root, path, dateMs());
    },

    async rename(from, to) {
      power.change(from);
      const node = findFile(root, from);
      const target = parentOf(root, to);
      if (target.directory.entries.get(target.name)?.kind === "directory") {
        throw systemError("EISDIR", to);
      }
      const source = parentOf(root, from);
      if (source.directory === target.directory && source.name === target.name) return;
      if (source.directory === target.directory) {
        changeNames(target.directory, [target.name, node], [source.name, undefined]);
      } else {
        changeNames(target.directory, [target.name, node]);
        changeNames(source.directory, [source.name, undefined]);
      }
    },

    async link(file, path) {
      power.change(path);
      const node = findFile(root, file);
      if (isThere(path)) throw systemError("EEXIST", path);
      const { directory, name } = parentOf(root, path);
      changeNames(directory, [name, node]);
    },

    async remove(path) {
      power.change(path);
      if (!isThere(path)) return;
      const { directory, name } = parentOf(root, path);
      changeNames(directory, [name, undefined]);
    },

    async removeEmpty(directory) {
      power.change(directory);
      if (findDirectory(root, directory).entries.size > 0) return false;
      const parent = parentOf(root, directory);
      changeNames(parent.directory, [parent.name, undefined]);
      return true;
    },

    async syncDirectory(path) {
      power.change(path);
      syncNames(findDirectory(root, path));
    },

    lock,
    crc32,
  };
}

/** Durably, as the interface has it. */
function makeDirectories(root: DiskDirectory, path: string, dateMs: number): void {
  let directory = root;
  const places = placesOf(path);
  for (const [i, name] of places.entries()) {
    const next = directory.entries.get(name) ?? newDirectory(dateMs);
    if (next.kind === "file") {
      throw systemError(i === places.length - 1 ? "EEXIST" : "ENOTDIR", path);
    }
    if (!directory.entries.has(name)) {
      directory.entries.set(name, next);
      directory.synced = new Map([...directory.synced, [name, next]]);
    }
    directory = next;
  }
}

const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

/** Marsaglia's xorshift, 32 bits. */
function nextByte(machine: Machine): number {
  let x = machine.randomState;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  machine.randomState = x;
  return x & 255;
}
