/** @file Files of Node.js that can be read and no more, until the host of Node.js is there; it takes the place of this file. */

import { open, stat } from "node:fs/promises";
import type { FileStore } from "./host.ts";

const refuse = (): never => {
  throw new Error("internal: these files can only be read");
};

export const nodeFiles: FileStore = {
  async open(path) {
    const handle = await open(path, "r");
    const { size } = await handle.stat();
    return {
      bytes: size,
      async read(begin, end) {
        const bytes = new Uint8Array(Math.max(0, end - begin));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, begin);
        return bytes.subarray(0, bytesRead);
      },
      close: () => handle.close(),
    };
  },
  async stat(path) {
    const found = await stat(path).catch(() => undefined);
    if (!found) return undefined;
    const kind = found.isDirectory() ? "directory" : "file";
    return { kind, bytes: found.size, modifiedMs: found.mtimeMs };
  },
  create: refuse,
  append: refuse,
  list: refuse,
  makeDirectory: refuse,
  rename: refuse,
  remove: refuse,
  syncDirectory: refuse,
  lock: refuse,
};
