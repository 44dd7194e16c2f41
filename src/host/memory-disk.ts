/**
 * @file A disk in memory, with what a power cut leaves of it.
 *
 * A file has content, and the content that was last synced; a directory has names, and a journal of the changes since it was last
 * synced. A power cut takes what was not synced, in the worst case: systems may write some of it before, in any order.
 */

import { systemError } from "./file-error.ts";
import { namesOf } from "./path.ts";

export interface DiskFile {
  readonly kind: "file";
  /** The first `bytes` of it count. */
  content: Uint8Array<ArrayBuffer>;
  bytes: number;
  synced: Uint8Array<ArrayBuffer>;
  modifiedMs: number;
}

export interface DiskDirectory {
  readonly kind: "directory";
  readonly entries: Map<string, DiskNode>;
  synced: ReadonlyMap<string, DiskNode>;
  /** What was done since. */
  journal: NameChange[];
  modifiedMs: number;
}

export type DiskNode = DiskFile | DiskDirectory;

/** Names that are given, or taken away, at once. */
export type NameChange = readonly (readonly [name: string, node: DiskNode | undefined])[];

/** Something that is not synced when the power goes. */
export interface UnsyncedChange {
  /** The content of a file; or a name, which was given or taken away. */
  readonly what: "content" | "name";
  readonly path: string;
}

export const newFile = (
  modifiedMs: number,
  content: Uint8Array<ArrayBuffer> = new Uint8Array(),
): DiskFile => ({
  kind: "file",
  content,
  bytes: content.length,
  synced: new Uint8Array(),
  modifiedMs,
});

export const newDirectory = (
  modifiedMs: number,
  entries: ReadonlyMap<string, DiskNode> = new Map(),
): DiskDirectory => ({
  kind: "directory",
  entries: new Map(entries),
  synced: new Map(entries),
  journal: [],
  modifiedMs,
});

/** Changes the names in a directory. */
export function changeNames(directory: DiskDirectory, ...change: NameChange): void {
  applyTo(directory.entries, change);
  directory.journal.push(change);
}

function applyTo(entries: Map<string, DiskNode>, change: NameChange): void {
  for (const [name, node] of change) {
    if (node) entries.set(name, node);
    else entries.delete(name);
  }
}

export function syncNames(directory: DiskDirectory): void {
  directory.synced = new Map(directory.entries);
  directory.journal = [];
}

export const contentOf = ({ content, bytes }: DiskFile): Uint8Array<ArrayBuffer> =>
  content.slice(0, bytes);

/** Appends in memory that grows by doubling. */
export function appendTo(file: DiskFile, added: Uint8Array): void {
  const bytes = file.bytes + added.length;
  if (bytes > file.content.length) {
    const larger = new Uint8Array(Math.max(bytes, 2 * file.content.length));
    larger.set(file.content.subarray(0, file.bytes));
    file.content = larger;
  }
  file.content.set(added, file.bytes);
  file.bytes = bytes;
}

/** The names that lead from the root to a path, ".." undone. */
export function placesOf(path: string): readonly string[] {
  const places: string[] = [];
  for (const name of namesOf(path)) {
    if (name === "..") places.pop();
    else places.push(name);
  }
  return places;
}

/** What stands at a path. @throws ENOENT or ENOTDIR, as a system does. */
export function find(root: DiskDirectory, path: string): DiskNode {
  let node: DiskNode = root;
  for (const name of placesOf(path)) {
    if (node.kind === "file") throw systemError("ENOTDIR", path);
    const next = node.entries.get(name);
    if (!next) throw systemError("ENOENT", path);
    node = next;
  }
  return node;
}

export function findFile(root: DiskDirectory, path: string): DiskFile {
  const node = find(root, path);
  if (node.kind === "directory") throw systemError("EISDIR", path);
  return node;
}

export function findDirectory(root: DiskDirectory, path: string): DiskDirectory {
  const node = find(root, path);
  if (node.kind === "file") throw systemError("ENOTDIR", path);
  return node;
}

/** The directory that a path stands in, and its name there. */
export function parentOf(
  root: DiskDirectory,
  path: string,
): { readonly directory: DiskDirectory; readonly name: string } {
  const places = placesOf(path);
  const name = places.at(-1);
  if (name === undefined) throw systemError("EPERM", path);
  return { directory: findDirectory(root, places.slice(0, -1).join("/")), name };
}

/** What a power cut leaves: what was synced, and of the rest what `isKept`. */
export function afterPowerCut(
  root: DiskDirectory,
  isKept: (change: UnsyncedChange) => boolean,
): DiskDirectory {
  // A file may have several names.
  const files = new Map<DiskFile, DiskFile>();

  const fileAfter = (file: DiskFile, path: string): DiskFile => {
    const known = files.get(file);
    if (known) return known;
    const content = contentOf(file);
    const isSynced = sameBytes(content, file.synced);
    const left = isSynced || isKept({ what: "content", path }) ? content : file.synced.slice();
    const after = { ...newFile(file.modifiedMs, left), synced: left.slice() };
    files.set(file, after);
    return after;
  };

  const directoryAfter = (directory: DiskDirectory, path: string): DiskDirectory => {
    const names = new Map(directory.synced);
    for (const change of directory.journal) {
      const [[name] = [""]] = change;
      if (isKept({ what: "name", path: `${path}/${name}` })) applyTo(names, change);
    }
    const left = [...names].map(([name, node]) => {
      const own = `${path}/${name}`;
      return [
        name,
        node.kind === "file" ? fileAfter(node, own) : directoryAfter(node, own),
      ] as const;
    });
    return newDirectory(directory.modifiedMs, new Map(left));
  };

  return directoryAfter(root, "");
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
