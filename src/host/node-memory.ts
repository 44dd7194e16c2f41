/** @file The memory that the process may still take: what the machine has left, or one of its control groups, whichever is least. */

import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";

/** What is known of a machine. */
export interface Machine {
  readonly platform: string;
  readonly totalBytes: number;
  /** On Linux and Windows with what is given back on demand. */
  readonly freeBytes: number;
  /** The content of a file; nothing where there is none. */
  read(path: string): string;
}

export const availableBytes = (): number =>
  availableIn({
    platform: process.platform,
    totalBytes: totalmem(),
    freeBytes: freemem(),
    read: contentOf,
  });

/** Bytes. Node's own number counts the cache of files in a control group as taken, and so does macOS everywhere. */
export function availableIn({ platform, totalBytes, freeBytes, read }: Machine): number {
  if (platform === "darwin") return totalBytes;
  const groups = platform === "linux" ? groupsOf(read("/proc/self/cgroup")) : [];
  return Math.min(freeBytes, ...groups.map((group) => leftIn(group, read)));
}

/** Names of the files of a control group, and of what it counts though it is given back on demand. */
const V2 = { limit: "memory.max", used: "memory.current", reclaimable: "inactive_file" };
const V1 = {
  limit: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  reclaimable: "total_inactive_file",
};

interface Group {
  readonly folder: string;
  readonly names: typeof V1;
}

/** The groups of a process, and those that they stand in, from lines "0::/a/b" and "4:memory:/a/b". */
function groupsOf(lines: string): readonly Group[] {
  return lines.split("\n").flatMap((line) => {
    const [, kinds, path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (kinds === "") return foldersOf("/sys/fs/cgroup", path, V2);
    return kinds?.split(",").includes("memory") ? foldersOf("/sys/fs/cgroup/memory", path, V1) : [];
  });
}

function foldersOf(root: string, path: string, names: typeof V1): readonly Group[] {
  const places = path.split("/").filter((place) => place !== "");
  return Array.from({ length: places.length + 1 }, (_, depth) => ({
    folder: [root, ...places.slice(0, depth)].join("/"),
    names,
  }));
}

function leftIn({ folder, names }: Group, read: Machine["read"]): number {
  const number = (name: string) => Number.parseInt(read(`${folder}/${name}`), 10);
  const left = number(names.limit) - number(names.used);
  // Without a limit there is a word, or nothing.
  if (Number.isNaN(left)) return Infinity;
  const cached = new RegExp(`^${names.reclaimable} (\\d+)$`, "m").exec(
    read(`${folder}/memory.stat`),
  );
  return Math.max(0, left + Number(cached?.[1] ?? 0));
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
