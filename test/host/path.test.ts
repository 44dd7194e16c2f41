import { posix, win32 } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { basename, below, dirname, extension, join, pathOfUrl } from "../../src/host/path.ts";

const PATHS = [
  "a",
  "a/b",
  "/a/b.txt",
  "/a",
  "/",
  "a/b/",
  "./a",
  ".hidden",
  "a.b.c",
  "a.",
  "..",
  "a/.b",
];
const WINDOWS = ["C:\\a\\b.txt", "C:\\a", "a\\b", "C:/a/b", "\\\\server\\share\\a"];

// What Node's own functions make of the same paths.
describe("the parts of a path", () => {
  it.each(PATHS)("%j", (path) => {
    expect(dirname(path)).toBe(posix.dirname(path));
    expect(basename(path)).toBe(posix.basename(path));
    expect(extension(path)).toBe(posix.extname(path));
  });

  it.each(WINDOWS)("%j of Windows", (path) => {
    expect(basename(path)).toBe(win32.basename(path));
    expect(extension(path)).toBe(win32.extname(path));
    const directory = (found: string) => win32.normalize(found).replace(/\\$/, "");
    expect(directory(dirname(path))).toBe(directory(win32.dirname(path)));
  });
});

describe("join", () => {
  it.each([
    [["a", "b"], "a/b"],
    [["a/", "/b/", "c.txt"], "a/b/c.txt"],
    [["/", "a"], "/a"],
    [["", "a", ""], "a"],
    [[".", "a"], "a"],
    [["./a", "./b"], "./a/b"],
    [["a", "."], "a"],
    [["C:\\models\\x\\", "config.json"], "C:\\models\\x/config.json"],
    [["C:\\", "a"], "C:\\a"],
    [["a"], "a"],
    [["a", "../b"], "a/../b"],
  ])("%j", (parts, path) => {
    expect(join(...parts)).toBe(path);
  });
});

it.each([
  ["runs/a", "runs/a/b/c", "b/c"],
  ["./runs/a/", "runs/a/b", "b"],
  ["C:\\runs", "C:\\runs/b", "b"],
  ["/runs", "runs/b", "runs/b"],
  ["runs/a", "runs/ab", "runs/ab"],
])("below %j, %j is %j", (directory, path, expected) => {
  expect(below(directory, path)).toBe(expected);
});

it.each(["/a/b c.txt", "/ä/%20"])("the path of the URL of %j", (path) => {
  expect(pathOfUrl(String(pathToFileURL(path)))).toBe(path);
});

it("the path of a URL of Windows", () => {
  expect(pathOfUrl("file:///C:/a%20b")).toBe("C:/a b");
  expect(pathOfUrl("file://server/share/a")).toBe("//server/share/a");
});
