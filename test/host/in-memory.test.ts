import { describe, expect, it } from "vitest";
import { readText, writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { failure } from "../weights/support.ts";
import { claimed, hostCases, scratchCases } from "./cases.ts";

describe("the host in memory", () => {
  hostCases(() => ({ host: memoryHost(), dir: "/" }));

  scratchCases(() => ({ host: memoryHost(), dir: "/" }));

  it("fails at a write to a file without a name too", async () => {
    const file = await memoryHost({ failAt: 2 }).files.scratch("/");
    expect(() => file.write(0, Uint8Array.of(1))).toThrow("ENOSPC");
  });

  it("begins with the files and the environment that it is given", async () => {
    const host = memoryHost({ files: { "a/b": "text" }, environment: { A: "1" }, dateMs: 5 });
    expect(await readText(host.files, "/a/b")).toBe("text");
    expect(await readText(host.files, "x/../a\\b")).toBe("text");
    expect(host.environment("A")).toBe("1");
    await host.clock.wait(3);
    expect(host.clock.dateMs()).toBe(8);
  });

  it("is the same in every run, and other for another process", () => {
    const host = memoryHost();
    const bytes = host.randomBytes(8);
    expect(memoryHost().randomBytes(8)).toEqual(bytes);
    expect(host.fork().randomBytes(8)).not.toEqual(bytes);
  });

  it("shares its disk and its locks with other processes, until the power goes", async () => {
    const host = memoryHost();
    const other = host.fork();
    await writeFile(host.files, "a", "text");
    expect(await readText(other.files, "a")).toBe("text");
    await claimed(host.files, "a");
    expect(await other.files.lock("a")).toMatchObject({ machine: "memory", process: 1 });
    await host.files.syncDirectory("/");
    await claimed(host.crash(({ what }) => what === "name").files, "a");
  });
});

describe("a power cut", () => {
  it("leaves what was synced, of content and of names", async () => {
    const host = memoryHost();
    const file = await host.files.create("a");
    await file.write("one");
    expect(await host.crash().files.list("/")).toEqual([]);
    await file.sync();
    expect(await host.crash().files.list("/")).toEqual([]);
    await host.files.syncDirectory("/");
    await file.write("two");
    expect(await readText(host.crash().files, "a")).toBe("one");
    expect(await readText(host.files, "a")).toBe("onetwo");
  });

  it("leaves an empty file under a name that was written before its content", async () => {
    const host = memoryHost();
    await writeFile(host.files, "a", "text");
    expect(await readText(host.crash(({ what }) => what === "name").files, "a")).toBe("");
    expect(await readText(host.crash(() => true).files, "a")).toBe("text");
  });

  it("leaves a rename done or not done, and what was removed", async () => {
    const host = memoryHost({ files: { a: "new", b: "old", c: "kept" } });
    await host.files.rename("a", "b");
    await host.files.remove("c");
    const before = host.crash().files;
    expect(await readText(before, "a")).toBe("new");
    expect(await readText(before, "b")).toBe("old");
    expect(await readText(before, "c")).toBe("kept");
    const after = host.crash(() => true).files;
    expect(await after.list("/")).toEqual([{ name: "b", kind: "file" }]);
    await host.files.syncDirectory("/");
    expect(await readText(host.crash().files, "b")).toBe("new");
  });

  it("is told of every change by its path, and keeps several names of one file", async () => {
    const host = memoryHost({ files: { "x/a": "" } });
    await writeFile(host.files, "x/b", "text");
    await host.files.link("x/b", "x/c");
    const told: string[] = [];
    const after = host.crash(({ what, path }) => told.push(`${what} ${path}`) > 0);
    expect(told).toEqual(["name /x/b", "name /x/c", "content /x/b"]);
    expect(await readText(after.files, "x/c")).toBe("text");
  });

  it("makes everything fail from a change on; one failure does not", async () => {
    const host = memoryHost({ powerCutAt: 2 });
    await host.files.makeDirectory("a");
    expect(await failure(host.files.makeDirectory("b"))).toMatchObject({ code: "EIO" });
    expect(await failure(host.files.list("/"))).toMatchObject({ code: "EIO" });
    expect(await host.crash().files.list("/")).toEqual([{ name: "a", kind: "directory" }]);
    const full = memoryHost({ failAt: 2 });
    await full.files.makeDirectory("a");
    expect(await failure(full.files.makeDirectory("b"))).toMatchObject({ code: "ENOSPC" });
    await full.files.makeDirectory("b");
    expect(full.changes()).toBe(3);
  });
});
