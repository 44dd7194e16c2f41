/** What every host must do, by the files of a browser: Chromium's origin private file system, in a worker. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { browserHost, type Navigator } from "../../src/host/browser/index.ts";
import { writeFile } from "../../src/host/content.ts";
import type { FileStore, Lock, NewFile, ReadableFile } from "../../src/host/host.ts";
import { failure } from "../weights/support.ts";
import { claimed, hostCases } from "../host/cases.ts";

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
  const worker = new Worker("/test/chromium/opfs-worker.js", { type: "module" });
  const waiting = new Map();
  worker.addEventListener("message", ({ data }) => {
    if (data === "ready") globalThis.call = call;
    else waiting.get(data.id)(data);
  });
  let last = 0;
  const call = (words) => new Promise((resolve) => {
    waiting.set(++last, resolve);
    worker.postMessage({ ...words, id: last });
  });
</script>`;

let server: Server;
let profile = "";
let browser: BrowserContext;
let page: Page;
let address = "";
let directories = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    response.writeHead(200, { "Content-Type": path === "/" ? "text/html" : "text/javascript" });
    response.end(path === "/" ? PAGE : readFileSync(join(process.cwd(), path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Without a profile files are in memory, where they do not become unreadable as those on disk do.
  profile = mkdtempSync(join(tmpdir(), "flora-opfs-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  address = `http://127.0.0.1:${bound.port}/`;
  page = await browser.newPage();
  await open(page);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(profile, { recursive: true, force: true });
});
afterEach(() => void directories++);

async function open(tab: Page): Promise<void> {
  await tab.goto(address);
  await tab.waitForFunction("globalThis.call !== undefined");
}

interface Answer<T> {
  readonly result?: {
    readonly base64?: string;
    readonly opened?: number;
    readonly bytes?: number;
    readonly value: T;
  };
  /** In the open file now. */
  readonly bytes?: number;
  readonly error?: { readonly message: string; readonly code?: string };
}

type Result<T> = NonNullable<Answer<T>["result"]>;

/** What the page evaluates to have a method called of the store, or of what it has opened. */
function callOf(method: string, args: readonly unknown[], on?: number): string {
  const sent = args.map((arg) =>
    arg instanceof Uint8Array ? { base64: Buffer.from(arg).toString("base64") } : arg,
  );
  return `globalThis.call(${JSON.stringify({ on, method, args: sent })})`;
}

function resultOf<T>({ error, result }: Answer<T>): Result<T> {
  if (error || !result) throw Object.assign(new Error(error?.message), error);
  return result;
}

const bytesOf = ({ base64 = "" }: Result<unknown>) =>
  Uint8Array.from(Buffer.from(base64, "base64"));

/** An open file, or a lock. */
function openedIn(
  tab: Page,
  { opened, bytes = 0 }: Result<unknown>,
): ReadableFile & NewFile & Lock {
  let size = bytes;
  const ask = async (method: string, ...args: readonly unknown[]) => {
    const answer = await tab.evaluate<Answer<unknown>>(callOf(method, args, opened));
    size = answer.bytes ?? size;
    return resultOf(answer);
  };
  const work = async (method: string, ...args: readonly unknown[]) =>
    void (await ask(method, ...args));
  return {
    get bytes() {
      return size;
    },
    read: async (begin, end) => bytesOf(await ask("read", begin, end)),
    write: (content) => work("write", content),
    replace: (begin, content) => work("replace", begin, content),
    clear: () => work("clear"),
    sync: () => work("sync"),
    close: () => work("close"),
    release: () => work("release"),
  };
}

const NOWHERE: Navigator = {
  storage: { getDirectory: () => Promise.reject(new Error("the files are in Chromium")) },
  locks: { request: (_, work) => work(), query: async () => ({}) },
};
/** What asks for no file is the same here. */
const local = browserHost(NOWHERE);

/** What a method of the store promises. */
type Told<Name extends keyof FileStore> =
  ReturnType<FileStore[Name]> extends Promise<infer T> ? T : never;

function filesOf(tab: Page): FileStore {
  const ask = async <Name extends keyof FileStore>(
    method: Name,
    ...args: Parameters<FileStore[Name]>
  ) => resultOf(await tab.evaluate<Answer<Told<Name>>>(callOf(method, args)));
  const value = async <Name extends keyof FileStore>(
    method: Name,
    ...args: Parameters<FileStore[Name]>
  ) => (await ask(method, ...args)).value;
  return {
    absolute: local.files.absolute,
    crc32: local.files.crc32,
    scratch: local.files.scratch,
    freeBytes: local.files.freeBytes,
    open: async (path) => openedIn(tab, await ask("open", path)),
    create: async (path) => openedIn(tab, await ask("create", path)),
    append: async (path) => openedIn(tab, await ask("append", path)),
    stat: (path) => value("stat", path),
    list: (path) => value("list", path),
    makeDirectory: (path) => value("makeDirectory", path),
    rename: (from, to) => value("rename", from, to),
    link: (file, path) => value("link", file, path),
    remove: (path) => value("remove", path),
    removeEmpty: (path) => value("removeEmpty", path),
    syncDirectory: (path) => value("syncDirectory", path),
    async lock(path) {
      const answer = await ask("lock", path);
      return answer.opened === undefined ? answer.value : openedIn(tab, answer);
    },
  };
}

/** The store in a directory that is empty for each test, made by its first call. */
function inDirectory(files: FileStore, dir: string): FileStore {
  const made = files.makeDirectory(dir);
  const entries = Object.entries(files).map(([name, method]) => [
    name,
    name === "absolute" || name === "crc32"
      ? method
      : async (...args: unknown[]) => {
          await made;
          return Reflect.apply(method, files, args);
        },
  ]);
  return Object.fromEntries(entries);
}

describe("the host of a browser", () => {
  hostCases(() => {
    const dir = `/tests/${directories}`;
    return { host: { ...local, files: inDirectory(filesOf(page), dir) }, dir };
  });

  it("shares files and locks among tabs, and frees the locks of one that is closed", async () => {
    const other = await page.context().newPage();
    await open(other);
    const [mine, theirs] = [filesOf(page), filesOf(other)];
    await mine.makeDirectory("/shared");
    await writeFile(mine, "/shared/a", "text");
    expect(await theirs.stat("/shared/a")).toMatchObject({ kind: "file", bytes: 4 });
    await claimed(theirs, "/shared/a");
    expect(await mine.lock("/shared/a")).toMatchObject({ machine: "browser" });
    await other.close();
    await claimed(mine, "/shared/a");
  });

  it("reads what a file had that another tab writes on", async () => {
    const other = await page.context().newPage();
    await open(other);
    const [mine, theirs] = [filesOf(page), filesOf(other)];
    await mine.makeDirectory("/grown");
    const log = await theirs.append("/grown/log");
    await log.write("old");
    const file = await mine.open("/grown/log");
    await local.clock.wait(50);
    await log.write("er");
    for (const end of [3, 9]) {
      expect(new TextDecoder().decode(await file.read(1, end))).toBe("ld");
    }
    await file.close();
    await other.close();
  });

  it("reads no less of a file than it had", async () => {
    const files = filesOf(page);
    await files.makeDirectory("/shorter");
    await writeFile(files, "/shorter/a", "old");
    const file = await files.open("/shorter/a");
    await local.clock.wait(50);
    const written = await files.append("/shorter/a");
    await written.clear();
    await written.close();
    expect(await failure(file.read(0, 3))).toMatchObject({ code: "EIO" });
    await file.close();
  });

  it("lets one write a file at a time", async () => {
    const files = filesOf(page);
    await files.makeDirectory("/one");
    const file = await files.append("/one/a");
    expect(await failure(files.append("/one/a"))).toMatchObject({ code: "EBUSY" });
    await file.close();
    await (await files.append("/one/a")).close();
  });
});
