import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { stageFile, writeFileAtomic } from "../../src/host/atomic.ts";
import { readText } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { nodeHost } from "../../src/host/node.ts";
import { failure, systemError, temporaryDirectory } from "../weights/support.ts";

const { files } = nodeHost();

describe("writeFileAtomic", () => {
  it("creates a file and leaves nothing else", async () => {
    const dir = temporaryDirectory();
    await writeFileAtomic(files, join(dir, "a.txt"), (file) => file.write("new"));
    expect(await readFile(join(dir, "a.txt"), "utf8")).toBe("new");
    expect(await readdir(dir)).toEqual(["a.txt"]);
  });

  it("shows the old content until the new one is complete", async () => {
    const path = join(temporaryDirectory(), "a.txt");
    await writeFile(path, "old");
    await writeFileAtomic(files, path, async (file) => {
      await file.write("new");
      expect(await readFile(path, "utf8")).toBe("old");
    });
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("keeps the old file, removes the temporary and passes on a foreign error", async () => {
    const dir = temporaryDirectory();
    const path = join(dir, "a.txt");
    await writeFile(path, "old");
    const stop = new Error("stop");
    const error = await failure(
      writeFileAtomic(files, path, async (file) => {
        await file.write("half of the n");
        throw stop;
      }),
    );
    expect(error).toBe(stop);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(dir)).toEqual(["a.txt"]);
  });

  it.each([
    ["ENOSPC", "the disk is full"],
    ["EROFS", "the file system is read-only"],
    ["EACCES", "permission denied"],
  ])("says in one sentence what %s means", async (code, reason) => {
    const dir = temporaryDirectory();
    const path = join(dir, "a.txt");
    const cause = systemError(code);
    const error = await failure(writeFileAtomic(files, path, () => Promise.reject(cause)));
    expect(error).toBeInstanceOf(UsageError);
    const message = `${path}: cannot write, nothing was overwritten: ${reason}`;
    expect(error).toMatchObject({ message, cause });
    expect(await readdir(dir)).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/full"))("recognises a disk that is really full", async () => {
    const path = join(temporaryDirectory(), "a.txt");
    const error = await failure(writeFileAtomic(files, path, overflow));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: expect.stringContaining("the disk is full") });
  });

  it("names the missing directory's file, and a directory in the way", async () => {
    const dir = temporaryDirectory();
    await mkdir(join(dir, "taken", "child"), { recursive: true });
    const write = (name: string): Promise<unknown> =>
      failure(writeFileAtomic(files, join(dir, name), (file) => file.write("x")));
    expect(await write("absent/a.txt")).toMatchObject({
      name: "UsageError",
      message: expect.stringContaining("absent/a.txt: cannot write"),
    });
    expect(await write("taken")).toMatchObject({
      name: "UsageError",
      message: expect.stringContaining("this is a directory"),
    });
    expect(await readdir(dir)).toEqual(["taken"]);
  });
});

describe("stageFile", () => {
  it("changes nothing before commit, and discards without a trace", async () => {
    const dir = temporaryDirectory();
    const path = join(dir, "a.txt");
    const dropped = await stageFile(files, path, (file) => file.write("dropped"));
    expect(existsSync(path)).toBe(false);
    await dropped.discard();
    expect(await readdir(dir)).toEqual([]);

    const kept = await stageFile(files, path, (file) => file.write("kept"));
    await kept.commit();
    await kept.discard();
    expect(await readFile(path, "utf8")).toBe("kept");
  });
});

describe("a power cut", () => {
  it("leaves the old content or the new, whatever of the changes was written", async () => {
    const old = { files: { "d/a": "old" } };
    for (let powerCutAt = 1; ; powerCutAt++) {
      const host = memoryHost({ ...old, powerCutAt });
      const isDone = await writeFileAtomic(host.files, "d/a", (file) => file.write("new")).then(
        () => true,
        () => false,
      );
      for (const kept of [[], ["name"], ["content"], ["name", "content"]]) {
        const after = host.crash(({ what }) => kept.includes(what));
        expect(isDone ? ["new"] : ["old", "new"]).toContain(await readText(after.files, "d/a"));
      }
      if (isDone) return;
    }
  });
});

it("gives every writer a temporary file of its own, and discards nobody else's", async () => {
  const { files: store } = memoryHost();
  const first = await stageFile(store, "a", (file) => file.write("first"));
  const second = await stageFile(store, "a", (file) => file.write("second"));
  await first.commit();
  const third = await stageFile(store, "a", (file) => file.write("third"));
  await first.discard();
  await third.commit();
  expect(await readText(store, "a")).toBe("third");
  await second.discard();
  expect(await store.list("/")).toEqual([{ name: "a", kind: "file" }]);
});

/** Fails as any write does when the disk is full. */
async function overflow(): Promise<void> {
  const full = await open("/dev/full", "w");
  try {
    await full.writeFile("x");
  } finally {
    await full.close();
  }
}
