/**
 * @file What is outside the program: files, time, memory, chance and the environment. Everything above takes a host from whoever starts
 * it and asks nobody else, so that it runs wherever there is one: on Node, in memory for tests, in a browser.
 *
 * Paths are separated by "/". What the operating system refuses is an `Error` with its code, such as "ENOENT", on every host.
 */

export interface Host {
  readonly files: FileStore;
  readonly clock: Clock;
  readonly memory: Memory;
  /** The home directory of the person who runs the program; undefined where there are no persons. */
  readonly home: string | undefined;
  /** Bytes that nobody can foresee, for names that must not meet. */
  randomBytes(count: number): Uint8Array;
  /** The value of an environment variable; undefined where it is not set. */
  environment(name: string): string | undefined;
  /** A digest that is computed as the bytes come. */
  hash(algorithm: HashAlgorithm): Hash;
}

/** Time. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; they only grow. */
  nowMs(): number;
  /** Milliseconds since 1970. */
  dateMs(): number;
  /** Returns after so many milliseconds. @throws the reason of the signal, if it is aborted before. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What the process takes, in bytes. */
export interface Memory {
  /** Bytes of the process that are in memory. */
  residentBytes(): number;
  /** The most they have been. */
  peakBytes(): number;
  /** Those that it may still take; infinite where nobody says. */
  availableBytes(): number;
  /** What strings and objects may take together before the engine of JavaScript gives up; undefined where it does not say. */
  heapLimitBytes(): number | undefined;
}

/** The name of a digest. */
export type HashAlgorithm = "sha1" | "sha256";

/** A digest in the making. */
export interface Hash {
  /** Takes the next bytes. */
  update(bytes: Uint8Array): void;
  /** In hexadecimal digits; to be called once, after which there are no updates. */
  digest(): Promise<string>;
}

/** What is known of a path without opening it. */
export interface FileInfo {
  readonly kind: "file" | "directory";
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** What a directory holds. */
export interface FileEntry {
  readonly name: string;
  readonly kind: "file" | "directory";
}

/** An open file that is read. `read` may be called concurrently; `close` must be called once. */
export interface ReadableFile {
  /** Bytes in it when it was opened. */
  readonly bytes: number;
  /**
   * The bytes from `begin` to `end` (exclusive), in a buffer of their own from its start on; fewer where the file ends before.
   *
   * @param seen - may be given the first of the bytes, part by part, while others are still being read; what of them is up to the host
   */
  read(
    begin: number,
    end: number,
    seen?: (part: Uint8Array) => void,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives back what the operating system lent. */
  close(): Promise<void>;
}

/** An open file that is written from its end on. */
export interface WritableFile {
  /** Bytes in it now. */
  readonly bytes: number;
  /** Text is written as UTF-8. */
  write(content: Uint8Array | string): Promise<void>;
  /** Takes away everything. */
  clear(): Promise<void>;
  /** Returns when what was written would outlast a power cut; the name of a new file does so after `syncDirectory`. */
  sync(): Promise<void>;
  /** Gives back what the operating system lent. */
  close(): Promise<void>;
}

/** A file that was not there before. */
export interface NewFile extends WritableFile {
  /** Writes over bytes that are there, from `begin` on. */
  replace(begin: number, bytes: Uint8Array): Promise<void>;
}

/**
 * A file without a name, which is read and written anywhere. It is gone when it is closed, and when its process ends, however that ends. Both
 * block, as programs do that compute with what is read.
 */
export interface ScratchFile {
  /** Fills `bytes` by what stands from `begin` on; zeros where nothing was written. */
  read(begin: number, bytes: Uint8Array): void;
  /** Writes over what stands from `begin` on. */
  write(begin: number, bytes: Uint8Array): void;
  /** Gives its room on the disk back. */
  close(): void;
}

/** A claim on a path that other processes respect. */
export interface Lock {
  /** Lets others have it. */
  release(): Promise<void>;
}

/** Who holds a claim that was asked for. */
export interface LockHolder {
  readonly machine: string;
  readonly process: number;
  /** The file that stands for it. */
  readonly path: string;
}

/** Files and directories by their paths. */
export interface FileStore {
  /** A path that means the same wherever the program was started. */
  absolute(path: string): string;
  /** A file to be read. */
  open(path: string): Promise<ReadableFile>;
  /** A new file, which must not be there yet: of several that ask at once, one gets it. */
  create(path: string): Promise<NewFile>;
  /** A file that is written on from its end, or begun. */
  append(path: string): Promise<WritableFile>;
  /** A file without a name on the disk of a directory. */
  scratch(directory: string): Promise<ScratchFile>;
  /** Bytes that may still be written to the disk of a directory; infinite where nobody says. */
  freeBytes(directory: string): Promise<number>;
  /** What stands at a path, links followed; undefined if nothing does. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** What stands in a directory, links followed, in the order of the names; a link that leads nowhere is a file. */
  list(directory: string): Promise<readonly FileEntry[]>;
  /** Makes a directory and those that it stands in, durably; does nothing where it is there. */
  makeDirectory(path: string): Promise<void>;
  /** Gives a file another name in the same file system, in place of whatever had it, at once. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a further name, which must not be there yet: by a link where there are such, else by a copy. */
  link(file: string, path: string): Promise<void>;
  /** Removes a file, or a directory with all that is in it; does nothing where there is none. */
  remove(path: string): Promise<void>;
  /** Removes a directory in which nothing is; returns whether it did. */
  removeEmpty(directory: string): Promise<boolean>;
  /** Makes changes of names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Claims a path for this process; says who holds it where that is another one, or this one already. */
  lock(path: string): Promise<Lock | LockHolder>;
  /** The CRC-32 of zlib over bytes; going on from that of what stands before them, if it is given. */
  crc32(bytes: Uint8Array, before?: number): number;
}
