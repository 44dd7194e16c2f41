/** @file The rooms of src/ as they are: their files, what these import, and what belongs in them. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { alignedTable } from "./aligned-table.ts";
import { FLOORS, type Room } from "./floors.ts";

export const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll(sep, "/"))
    .toSorted();

/** The room of a file of src/; "" for what stands beside the rooms. */
export const roomOf = (path: string): string => dirname(path).replace(/^src\/?/, "");

/** The specifiers of all imports and re-exports, static and dynamic. */
export function importsOf(text: string): string[] {
  const patterns = [
    /^(?:import|export)\s[^"';]*?from\s+"([^"]+)"/gm,
    /^import\s+"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, found = ""]) => found));
}

/** The file that a relative specifier means. */
export const targetOf = (file: string, specifier: string): string =>
  normalize(join(dirname(file), specifier)).replaceAll(sep, "/");

/** What belongs in a room: what the floors say, or the first sentence of the header of its index.ts. */
export function aboutOf({ room, about }: Room): string {
  if (about !== undefined) return about;
  const text = readFileSync(`src/${room}/index.ts`, "utf8");
  const [, found = ""] = /^\/\*\*\s+(?:\* )?@file ([^]*?\.)(?:\s|$)/.exec(text) ?? [];
  return found.replace(/\n \* /g, " ");
}

/** A folder of src/ with the rooms in it. */
export interface Folder {
  readonly name: string;
  readonly files: number;
  /** The rooms within, without the folder's name. */
  readonly rooms: readonly string[];
  /** The folders that its files import. */
  readonly imports: ReadonlySet<string>;
}

/** The folders of src/, from the ground up. */
export function folders(): readonly Folder[] {
  const folderOf = (path: string) => roomOf(path).split("/")[0] ?? "";
  const rooms = FLOORS.flat().map(({ room }) => room);
  const names = new Set(rooms.map((room) => room.split("/")[0] ?? ""));
  const files = filesOf("src");
  return [...names].map((name) => {
    const own = files.filter((file) => folderOf(file) === name);
    const imported = own.flatMap((file) =>
      importsOf(readFileSync(file, "utf8"))
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => folderOf(targetOf(file, specifier))),
    );
    return {
      name,
      files: own.length,
      rooms: rooms.flatMap((room) =>
        room.startsWith(`${name}/`) ? [room.slice(name.length + 1)] : [],
      ),
      imports: new Set(imported.filter((other) => other !== name && other !== "")),
    };
  });
}

/** The rooms as a table of Markdown, from the top down. */
export function roomTable(): string {
  const rows = FLOORS.toReversed()
    .flat()
    .map((room) => {
      const count = filesOf("src").filter((file) => roomOf(file) === room.room).length;
      return [`\`${room.room}\``, String(count), aboutOf(room)];
    });
  return alignedTable([["room", "files", "what belongs in it"], ...rows], [1]);
}
