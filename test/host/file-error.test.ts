import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { errorCode, fileError } from "../../src/host/file-error.ts";
import { systemError } from "../weights/support.ts";

describe("fileError", () => {
  it.each([
    ["ENOENT", "a/b: cannot read: no such file or directory"],
    ["ENOSPC", "a/b: cannot read: the disk is full"],
    ["EROFS", "a/b: cannot read: the file system is read-only"],
    ["EACCES", "a/b: cannot read: permission denied"],
  ])("says what %s means and keeps the cause", (code, message) => {
    const cause = systemError(code);
    const error = fileError("a/b", "cannot read", cause);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message, cause });
  });

  it("leaves every other error as it is", () => {
    const others = [new Error("x"), systemError("EIO"), "text", undefined];
    expect(others.map((error) => fileError("a", "cannot read", error))).toEqual(others);
  });
});

describe("errorCode", () => {
  it("is undefined where there is none", () => {
    expect(errorCode(systemError("EIO"))).toBe("EIO");
    expect(errorCode(new Error("x"))).toBeUndefined();
    expect(errorCode(Object.assign(new Error("x"), { code: 5 }))).toBeUndefined();
  });
});
