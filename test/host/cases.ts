/** @file What every host must do. */

import { describe, expect, it } from "vitest";
import { readBytes, readText, writeFile } from "../../src/host/content.ts";
import { errorCode } from "../../src/host/file-error.ts";
import type { FileStore, Host, Lock } from "../../src/host/host.ts";
import { join } from "../../src/host/path.ts";
import { failure } from "../weights/support.ts";

export interface HostUnderTest {
  readonly host: Host;
  /** An empty directory. */
  readonly dir: string;
}

/** @param open - a host for one test */
export function hostCases(open: () => HostUnderTest): void {
  describe("files", () => {
    it("are read by ranges, in memory of their own, while they are open", async () => {
      const { files, at } = store();
      await writeFile(files, at("a"), Uint8Array.of(1, 2, 3, 4));
      const file = await files.open(at("a"));
      expect(file.bytes).toBe(4);
      const [some, all] = await Promise.all([file.read(1, 3), file.read(0, 4)]);
      expect([...some]).toEqual([2, 3]);
      expect(some.buffer.byteLength).toBe(2);
      expect([...all]).toEqual([1, 2, 3, 4]);
      expect([...(await file.read(3, 9))]).toEqual([4]);
      expect([...(await file.read(7, 9))]).toEqual([]);
      await file.close();
    });

    it("shows what it has read of a file, in order, while the rest is read", async () => {
      const { files, at } = store();
      const content = Uint8Array.from({ length: 2 ** 21 + 5 }, (_, i) => (i * i) >> 8);
      await writeFile(files, at("a"), content);
      const file = await files.open(at("a"));
      for (const [begin, end] of [
        [0, content.length],
        [3, 2 ** 20 + 3],
        [7, 2 * content.length],
        [content.length, content.length + 1],
      ] as const) {
        const parts: Uint8Array[] = [];
        const read = await file.read(begin, end, (part) => parts.push(part.slice()));
        const seen = Buffer.concat(parts);
        expect(Buffer.compare(read, content.subarray(begin, end))).toBe(0);
        expect(Buffer.compare(seen, read.subarray(0, seen.length))).toBe(0);
      }
      await file.close();
    });

    it("are created once, and never in place of another", async () => {
      const { files, at } = store();
      const file = await files.create(at("a"));
      await file.write("ä");
      await file.write(Uint8Array.of(0x21));
      expect(file.bytes).toBe(3);
      await file.close();
      expect(await readText(files, at("a"))).toBe("ä!");
      expect(errorCode(await failure(files.create(at("a"))))).toBe("EEXIST");
      const both = await Promise.allSettled([files.create(at("b")), files.create(at("b"))]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      for (const each of both) if (each.status === "fulfilled") await each.value.close();
    });

    it("are written on, or begun, and emptied", async () => {
      const { files, at } = store();
      for (const text of ["one", "two"]) {
        const file = await files.append(at("a"));
        await file.write(text);
        await file.sync();
        await file.close();
      }
      expect(await readText(files, at("a"))).toBe("onetwo");
      const file = await files.append(at("a"));
      expect(file.bytes).toBe(6);
      await file.clear();
      expect(file.bytes).toBe(0);
      await file.write("x");
      await file.close();
      expect(await readText(files, at("a"))).toBe("x");
    });

    it("are read to the end that they had when they were opened", async () => {
      const { files, at } = store();
      await writeFile(files, at("a"), "old");
      const file = await files.open(at("a"));
      await files.remove(at("a"));
      await writeFile(files, at("a"), "other");
      expect(new TextDecoder().decode(await file.read(0, file.bytes))).toBe("old");
      await file.close();
    });

    it("have a kind, a size and a time", async () => {
      const { host, files, at } = store();
      await files.makeDirectory(at("d"));
      await writeFile(files, at("a"), "abc");
      expect(await files.stat(at("a"))).toMatchObject({ kind: "file", bytes: 3 });
      expect(await files.stat(at("d"))).toMatchObject({ kind: "directory" });
      expect(await files.stat(at("none"))).toBeUndefined();
      expect(await files.stat(at("a/none"))).toBeUndefined();
      const age = host.clock.dateMs() - ((await files.stat(at("a")))?.modifiedMs ?? 0);
      expect(Math.abs(age)).toBeLessThan(60_000);
    });

    it.each([
      ["open", "none", "ENOENT"],
      ["open", "a/b", "ENOTDIR"],
      ["create", "none/b", "ENOENT"],
      ["append", "none/b", "ENOENT"],
      ["append", "d", "EISDIR"],
      ["list", "none", "ENOENT"],
      ["list", "a", "ENOTDIR"],
      ["makeDirectory", "a", "EEXIST"],
      ["makeDirectory", "a/b", "ENOTDIR"],
      ["syncDirectory", "none", "ENOENT"],
    ] as const)("%s of %s says %s", async (method, path, code) => {
      const { files, at } = store();
      await writeFile(files, at("a"), "");
      await files.makeDirectory(at("d"));
      expect(errorCode(await failure(Promise.resolve(files[method](at(path)))))).toBe(code);
    });

    it("that are directories cannot be read", async () => {
      const { files, at } = store();
      await files.makeDirectory(at("d"));
      expect(errorCode(await failure(readBytes(files, at("d"))))).toBe("EISDIR");
    });
  });

  describe("directories", () => {
    it("are made with those around them, and listed by name", async () => {
      const { files, at } = store();
      await files.makeDirectory(at("x/y/z"));
      await files.makeDirectory(at("x/y"));
      for (const name of ["c", "B", "a10", "a9"]) await writeFile(files, at(`x/${name}`), "");
      expect(await files.list(at("x"))).toEqual([
        { name: "B", kind: "file" },
        { name: "a10", kind: "file" },
        { name: "a9", kind: "file" },
        { name: "c", kind: "file" },
        { name: "y", kind: "directory" },
      ]);
      await files.syncDirectory(at("x"));
    });

    it("are removed with all that is in them, and so are files, if they are there", async () => {
      const { files, at } = store();
      await files.makeDirectory(at("x/y"));
      await writeFile(files, at("x/y/a"), "");
      await writeFile(files, at("b"), "");
      await files.remove(at("x"));
      await files.remove(at("b"));
      await files.remove(at("b"));
      await files.remove(at("none/b"));
      expect(await files.list(at(""))).toEqual([]);
    });
  });

  it("a directory is removed if nothing is in it", async () => {
    const { files, at } = store();
    await files.makeDirectory(at("x/y"));
    expect(await files.removeEmpty(at("x"))).toBe(false);
    const file = await files.append(at("x/y/a"));
    expect(await files.removeEmpty(at("x/y"))).toBe(false);
    await file.close();
    await files.remove(at("x/y/a"));
    expect(await files.removeEmpty(at("x/y"))).toBe(true);
    expect(await files.removeEmpty(at("x"))).toBe(true);
    expect(await files.list(at(""))).toEqual([]);
    expect(errorCode(await failure(files.removeEmpty(at("x"))))).toBe("ENOENT");
  });

  describe("names", () => {
    it("are changed in place of whatever had them", async () => {
      const { files, at } = store();
      await writeFile(files, at("a"), "new");
      await writeFile(files, at("b"), "old");
      await files.rename(at("a"), at("b"));
      await files.rename(at("b"), at("b"));
      expect(await readText(files, at("b"))).toBe("new");
      expect(await files.list(at(""))).toEqual([{ name: "b", kind: "file" }]);
      expect(errorCode(await failure(files.rename(at("a"), at("c"))))).toBe("ENOENT");
      await files.makeDirectory(at("d"));
      expect(errorCode(await failure(files.rename(at("b"), at("d"))))).toBe("EISDIR");
    });

    it("may be several of one file", async () => {
      const { files, at } = store();
      await files.makeDirectory(at("blobs"));
      await files.makeDirectory(at("snapshots"));
      await writeFile(files, at("blobs/a"), "abc");
      await files.link(at("blobs/a"), at("snapshots/b"));
      expect(await readText(files, at("snapshots/b"))).toBe("abc");
      expect(await files.stat(at("snapshots/b"))).toMatchObject({ kind: "file", bytes: 3 });
      expect(await files.list(at("snapshots"))).toEqual([{ name: "b", kind: "file" }]);
      expect(errorCode(await failure(files.link(at("blobs/a"), at("snapshots/b"))))).toBe("EEXIST");
      await files.remove(at("snapshots/b"));
      expect(await readText(files, at("blobs/a"))).toBe("abc");
    });

    it("are absolute from the root on", async () => {
      const { files, at } = store();
      const path = files.absolute("a/../b");
      expect(path).toMatch(/[^.]\/b$|^\/b$/);
      expect(files.absolute(path)).toBe(path);
      expect(files.absolute(at("x/."))).toBe(files.absolute(at("x")));
    });
  });

  describe("a lock", () => {
    it("is held once, told who holds it, and free when it is released", async () => {
      const { files, at } = store();
      const lock = await claimed(files, at("a"));
      const [entry] = await files.list(at(""));
      expect(await files.lock(at("a"))).toMatchObject({
        machine: expect.any(String),
        process: expect.any(Number),
        path: at(entry?.name ?? ""),
      });
      const other = await claimed(files, at("a.b"));
      await lock.release();
      await (await claimed(files, at("a"))).release();
      await other.release();
      expect(await files.list(at(""))).toEqual([]);
    });

    it("is never held twice, however many ask at once", async () => {
      const { files, at } = store();
      const asked = await Promise.all(Array.from({ length: 8 }, () => files.lock(at("a"))));
      const held = asked.filter((lock) => "release" in lock);
      expect(held.length).toBeLessThanOrEqual(1);
      for (const lock of held) await lock.release();
      await claimed(files, at("a"));
    });
  });

  it("sums bytes as zlib does, also in parts", () => {
    const { files } = store();
    const bytes = new TextEncoder().encode("123456789");
    expect(files.crc32(bytes)).toBe(0xcbf43926);
    expect(files.crc32(bytes.subarray(4), files.crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
    expect(files.crc32(new Uint8Array())).toBe(0);
  });

  it("tells the time, waits, and ends a wait that is aborted", async () => {
    const { host } = store();
    const begin = host.clock.nowMs();
    await host.clock.wait(20);
    expect(host.clock.nowMs() - begin).toBeGreaterThanOrEqual(19);
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = failure(host.clock.wait(60_000, controller.signal));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await failure(host.clock.wait(1, controller.signal))).toBe(reason);
  });

  it("has bytes that differ, and an environment", () => {
    const { host } = store();
    expect(host.randomBytes(16)).toHaveLength(16);
    expect(host.randomBytes(16)).not.toEqual(host.randomBytes(16));
    expect(host.environment("NO_SUCH_VARIABLE_OF_FLORA")).toBeUndefined();
    expect(host.home).toBeTypeOf("string");
    expect(host.memory.peakBytes()).toBeGreaterThanOrEqual(0);
    expect(host.memory.residentBytes()).toBeGreaterThanOrEqual(0);
    expect(host.memory.heapLimitBytes() ?? Infinity).toBeGreaterThan(2 ** 26);
  });

  // FIPS 180-4, "abc".
  it.each([
    ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ] as const)("computes %s as the bytes come", async (algorithm, digest) => {
    const hash = store().host.hash(algorithm);
    hash.update(new TextEncoder().encode("a"));
    hash.update(new TextEncoder().encode("bc"));
    expect(await hash.digest()).toBe(digest);
  });

  function store() {
    const { host, dir } = open();
    return { host, files: host.files, at: (path: string) => join(dir, path) };
  }
}

/** What every host must do that has files without names. */
export function scratchCases(open: () => HostUnderTest): void {
  describe("a file without a name", () => {
    it("is read and written anywhere, and has zeros where nobody wrote", async () => {
      const { host, dir } = open();
      const file = await host.files.scratch(dir);
      expect(await host.files.list(dir)).toEqual([]);
      const read = (begin: number, count: number): readonly number[] => {
        const bytes = new Uint8Array(count).fill(9);
        file.read(begin, bytes);
        return [...bytes];
      };
      expect(read(5, 2)).toEqual([0, 0]);
      file.write(4, Uint8Array.of(1, 2, 3));
      expect(read(2, 7)).toEqual([0, 0, 1, 2, 3, 0, 0]);
      file.write(5, Uint8Array.of(8));
      expect(read(4, 3)).toEqual([1, 8, 3]);
      file.close();
    });

    it("needs a directory, which has so many bytes free", async () => {
      const { host, dir } = open();
      expect(errorCode(await failure(host.files.scratch(`${dir}/none`)))).toBe("ENOENT");
      expect(errorCode(await failure(host.files.freeBytes(`${dir}/none`)))).toBe("ENOENT");
      expect(await host.files.freeBytes(dir)).toBeGreaterThan(0);
    });
  });
}

/** A claim that must be granted. */
export async function claimed(files: FileStore, path: string): Promise<Lock> {
  const lock = await files.lock(path);
  if ("release" in lock) return lock;
  throw new Error(`held: ${JSON.stringify(lock)}`);
}
