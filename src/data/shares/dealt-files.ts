/** @file Files that cannot be read in shares: where there are as many as ranks, one rank reads all of a file. */

import type { FileStore } from "../../host/host.ts";
import type { RowSource } from "../formats/row.ts";

/** The sources of files, of which those are dealt that have no shares: one after another, so that ranks have about as many bytes. */
export function dealtFiles(files: FileStore, paths: readonly string[]) {
  let sizes: Promise<readonly number[]> | undefined;
  const sizesOf = async () => {
    const infos = await Promise.all(paths.map((path) => files.stat(path)));
    return infos.map((info) => info?.bytes ?? 0);
  };
  return (source: RowSource, file: number): RowSource => ({
    ...source,
    async share(place) {
      const { index, count } = place;
      const own = await source.share?.(place);
      if (own ?? paths.length < count) return own;
      const all = await (sizes ??= sizesOf());
      const isOwn = ownerOf(all, file, count) === index;
      return { bytes: all[file] ?? 0, rows: () => (isOwn ? source.rows() : nothing()) };
    },
  });
}

/** The rank in whose part of all bytes the middle of a file lies. */
function ownerOf(sizes: readonly number[], file: number, count: number): number {
  const sum = (some: readonly number[]) => some.reduce((total, bytes) => total + bytes, 0);
  const middle = sum(sizes.slice(0, file)) + (sizes[file] ?? 0) / 2;
  return Math.min(count - 1, Math.floor((middle * count) / Math.max(1, sum(sizes))));
}

async function* nothing(): AsyncGenerator<never, void, undefined> {}
