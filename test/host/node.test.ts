import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../src/host/node.ts";
import { temporaryDirectory } from "../weights/support.ts";
import { claimed, hostCases, scratchCases } from "./cases.ts";

describe("the host of Node", () => {
  hostCases(() => ({ host: nodeHost(), dir: temporaryDirectory() }));

  scratchCases(() => ({ host: nodeHost(), dir: temporaryDirectory() }));

  it("follows links to directories, and lists what leads nowhere as a file", async () => {
    const dir = temporaryDirectory();
    mkdirSync(join(dir, "d"));
    writeFileSync(join(dir, "d", "a"), "");
    symlinkSync("d", join(dir, "e"));
    symlinkSync("nowhere", join(dir, "f"));
    expect(await nodeHost().files.list(dir)).toEqual([
      { name: "d", kind: "directory" },
      { name: "e", kind: "directory" },
      { name: "f", kind: "file" },
    ]);
    expect(await nodeHost().files.list(join(dir, "e"))).toHaveLength(1);
  });

  it("links by a relative link", async () => {
    const dir = temporaryDirectory();
    mkdirSync(join(dir, "blobs"));
    mkdirSync(join(dir, "snapshots"));
    writeFileSync(join(dir, "blobs", "a"), "");
    await nodeHost().files.link(join(dir, "blobs", "a"), join(dir, "snapshots", "a"));
    expect(lstatSync(join(dir, "snapshots", "a")).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(dir, "snapshots", "a"))).toBe(join("..", "blobs", "a"));
  });

  it("takes the lock of a process that has ended, not that of one that runs", async () => {
    const dir = temporaryDirectory();
    const machine = String(/(?<=a\.)[^.]+/.exec((await nameOfClaim(dir)) ?? ""));
    const ended = spawnSync(process.execPath, ["-e", ""]).pid;
    const leave = (id: number) => writeFileSync(join(dir, `a.${machine}.${id}.00000000.lock`), "");
    leave(ended);
    await (await claimed(nodeHost().files, join(dir, "a"))).release();
    expect(await nodeHost().files.list(dir)).toEqual([]);
    leave(process.ppid);
    expect(await nodeHost().files.lock(join(dir, "a"))).toMatchObject({ process: process.ppid });
  });
});

/** The name of a claim. */
async function nameOfClaim(dir: string): Promise<string | undefined> {
  const lock = await claimed(nodeHost().files, join(dir, "a"));
  const [entry] = await nodeHost().files.list(dir);
  await lock.release();
  return entry?.name;
}
