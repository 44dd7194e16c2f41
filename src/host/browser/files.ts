/**
 * @file A store of files in the origin private file system of a browser, for workers. What stands there outlasts reloads and restarts, and no person
 * and no other site sees it.
 */

import { crc32 } from "../crc32.ts";
import { errorCode, isAbsent, systemError } from "../file-error.ts";
import type { FileEntry, FileStore, NewFile } from "../host.ts";
import { namesOf } from "../path.ts";
import {
  type AccessHandle,
  asSystemError,
  type Content,
  type DirectoryHandle,
  exceptionName,
  type FileHandle,
  type Locks,
} from "./handles.ts";

export interface FilesContext {
  /** The root of the store; asked for once something is wanted of it. */
  readonly root: () => Promise<DirectoryHandle>;
  readonly locks: Locks;
  readonly lock: FileStore["lock"];
}

/** Bytes of a copy at a time. */
const PART_BYTES = 2 ** 24;

/** Of reading a file that another tab writes on: between two of its writes there is time for one. */
const MOST_TRIES = 20;

/** A file that is being read, whose snapshot ends where something takes the file's name. */
interface Reader {
  content: Content;
}

export function browserFiles({ root, locks, lock }: FilesContext): FileStore {
  /** By absolute paths. */
  const readers = new Map<string, Set<Reader>>();

  async function directoryAt(names: readonly string[], path: string): Promise<DirectoryHandle> {
    let directory = await root();
    for (const name of names) {
      directory = await directory.getDirectoryHandle(name).catch((error: unknown) => {
        const isFile = exceptionName(error) === "TypeMismatchError";
        throw isFile ? systemError("ENOTDIR", path) : asSystemError(path, error);
      });
    }
    return directory;
  }

  async function placeOf(path: string): Promise<Place> {
    const names = placesOf(path);
    const name = names.at(-1);
    if (name === undefined) throw systemError("EPERM", path);
    return { directory: await directoryAt(names.slice(0, -1), path), name };
  }

  async function fileAt(path: string, create = false): Promise<FileHandle> {
    if (placesOf(path).length === 0) throw systemError("EISDIR", path);
    const { directory, name } = await placeOf(path);
    return directory.getFileHandle(name, { create }).catch((error: unknown) => {
      const isDirectory = exceptionName(error) === "TypeMismatchError";
      throw isDirectory ? systemError("EISDIR", path) : asSystemError(path, error);
    });
  }

  const stat: FileStore["stat"] = async (path) => {
    try {
      const { size, lastModified } = await (await fileAt(path)).getFile();
      return { kind: "file", bytes: size, modifiedMs: lastModified };
    } catch (error) {
      if (isAbsent(error) || exceptionName(error) === "NotFoundError") return undefined;
      if (errorCode(error) === "EISDIR") return { kind: "directory", bytes: 0, modifiedMs: 0 };
      throw asSystemError(path, error);
    }
  };

  /** Of several that ask for a new name at once, one gets it. */
  const newFile = (path: string): Promise<FileHandle> =>
    locks.request(`flora create ${absolute(path)}`, async () => {
      await placeOf(path);
      if ((await stat(path)) !== undefined) throw systemError("EEXIST", path);
      return fileAt(path, true);
    });

  async function write(path: string, file: FileHandle): Promise<NewFile> {
    try {
      return writable(path, await file.createSyncAccessHandle());
    } catch (error) {
      throw asSystemError(path, error);
    }
  }

  /** A newer snapshot of a file that was written on, of which an older one is unreadable then; undefined where that is not the reason. */
  async function grown(path: string, bytes: number, error: unknown): Promise<Content | undefined> {
    if (exceptionName(error) !== "NotReadableError") return undefined;
    const content = await fileAt(path)
      .then((file) => file.getFile())
      .catch(() => undefined);
    return content && content.size >= bytes ? content : undefined;
  }

  /** Before a name, and those below it, go: whoever still reads keeps what there was. */
  async function keepForReaders(path: string): Promise<void> {
    const gone = absolute(path);
    for (const [own, reading] of readers) {
      if (own !== gone && !own.startsWith(`${gone}/`)) continue;
      for (const reader of reading) {
        reader.content = new Blob([await reader.content.arrayBuffer()]);
      }
      readers.delete(own);
    }
  }

  return {
    absolute,
    stat,
    lock,
    crc32,

    async open(path) {
      const reader: Reader = await (await fileAt(path)).getFile().then(
        (content) => ({ content }),
        (error: unknown) => {
          throw asSystemError(path, error);
        },
      );
      const own = absolute(path);
      const reading = readers.get(own) ?? new Set();
      readers.set(own, reading.add(reader));
      const bytes = reader.content.size;
      return {
        bytes,
        async read(begin, end) {
          for (let tries = 1; ; tries += 1) {
            try {
              const part = reader.content.slice(begin, Math.min(bytes, Math.max(begin, end)));
              return new Uint8Array(await part.arrayBuffer());
            } catch (error) {
              const now = tries < MOST_TRIES ? await grown(path, bytes, error) : undefined;
              if (!now) throw asSystemError(path, error);
              reader.content = now;
            }
          }
        },
        async close() {
          reading.delete(reader);
          if (reading.size === 0 && readers.get(own) === reading) readers.delete(own);
        },
      };
    },

    create: async (path) => write(path, await newFile(path)),
    append: async (path) => write(path, await fileAt(path, true)),

    /** Every file here has a name. */
    scratch: (directory) => Promise.reject(systemError("ENOTSUP", directory)),
    freeBytes: () => Promise.resolve(Infinity),

    async list(directory) {
      const found: FileEntry[] = [];
      const handle = await directoryAt(placesOf(directory), directory);
      for await (const [name, { kind }] of handle.entries()) found.push({ name, kind });
      return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },

    async makeDirectory(path) {
      let directory = await root();
      const names = placesOf(path);
      for (const [i, name] of names.entries()) {
        directory = await directory
          .getDirectoryHandle(name, { create: true })
          .catch((error: unknown) => {
            if (exceptionName(error) !== "TypeMismatchError") throw asSystemError(path, error);
            throw systemError(i === names.length - 1 ? "EEXIST" : "ENOTDIR", path);
          });
      }
    },

    async rename(from, to) {
      const file = await fileAt(from);
      const { directory, name } = await placeOf(to);
      if ((await stat(to))?.kind === "directory") throw systemError("EISDIR", to);
      if (absolute(from) === absolute(to)) return;
      await keepForReaders(from);
      await keepForReaders(to);
      await file.move(directory, name).catch((error: unknown) => {
        throw asSystemError(to, error);
      });
    },

    /** There are no links here. */
    async link(file, path) {
      const content = await (await fileAt(file)).getFile();
      const copy = await write(path, await newFile(path));
      try {
        for (let begin = 0; begin < content.size; begin += PART_BYTES) {
          const part = content.slice(begin, Math.min(begin + PART_BYTES, content.size));
          await copy.write(new Uint8Array(await part.arrayBuffer()));
        }
      } finally {
        await copy.close();
      }
    },

    async remove(path) {
      try {
        const { directory, name } = await placeOf(path);
        await keepForReaders(path);
        await directory.removeEntry(name, { recursive: true });
      } catch (error) {
        const told = asSystemError(path, error);
        if (!isAbsent(told)) throw told;
      }
    },

    async removeEmpty(path) {
      const { directory, name } = await placeOf(path);
      try {
        await directory.removeEntry(name);
        return true;
      } catch (error) {
        const told = asSystemError(path, error);
        if (["ENOTEMPTY", "EBUSY"].includes(errorCode(told) ?? "")) return false;
        throw told;
      }
    },

    /** Names are the browser's to keep. */
    async syncDirectory(path) {
      await directoryAt(placesOf(path), path);
    },
  };
}

/** A name in a directory. */
interface Place {
  readonly directory: DirectoryHandle;
  readonly name: string;
}

/** The names that lead from the root to a path, ".." undone. */
function placesOf(path: string): readonly string[] {
  const places: string[] = [];
  for (const name of namesOf(path)) {
    if (name === "..") places.pop();
    else places.push(name);
  }
  return places;
}

const absolute = (path: string): string => `/${placesOf(path).join("/")}`;

/** A file that is written from its end on, and through which nobody else writes. */
function writable(path: string, handle: AccessHandle): NewFile {
  let bytes = handle.getSize();
  const told = <T>(work: () => T): Promise<T> => {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(asSystemError(path, error));
    }
  };
  const writeAll = (content: Uint8Array, begin: number): void => {
    for (let done = 0; done < content.length;) {
      const written = handle.write(content.subarray(done), { at: begin + done });
      // Some browsers write less where there is no room, in place of an exception.
      if (written === 0) throw systemError("EDQUOT", path);
      done += written;
    }
  };
  return {
    get bytes() {
      return bytes;
    },
    write: (content) =>
      told(() => {
        const added = typeof content === "string" ? new TextEncoder().encode(content) : content;
        writeAll(added, bytes);
        bytes += added.length;
      }),
    replace: (begin, content) => told(() => writeAll(content, begin)),
    clear: () =>
      told(() => {
        handle.truncate(0);
        bytes = 0;
      }),
    sync: () => told(() => handle.flush()),
    close: () => told(() => handle.close()),
  };
}
