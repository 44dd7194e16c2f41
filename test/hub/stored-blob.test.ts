import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { memoryHost } from "../../src/host/in-memory.ts";
import { StoredBlob } from "../../src/hub/stored-blob.ts";
import { failure } from "../weights/support.ts";

const BYTES = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 167) & 255);
const { files } = memoryHost({ files: { a: BYTES, empty: "", text: "größer" } });

const stored = new StoredBlob(files, "a", 0, BYTES.length);
const plain = new Blob([BYTES]);

/** Compared as one number: millions of elements take long one by one. */
const contentOf = async (blob: Blob | Request): Promise<string> =>
  createHash("sha256")
    .update(new Uint8Array(await blob.arrayBuffer()))
    .digest("hex");

describe("a file as a Blob", () => {
  // What a Blob of the same bytes makes of them.
  it.each([
    [undefined, undefined],
    [5, 9],
    [-7, undefined],
    [-7, -3],
    [2_999_999, 9_000_000],
    [9, 5],
    [9_000_000, undefined],
  ])("sliced from %s to %s", async (start, end) => {
    const [slice, expected] = [stored.slice(start, end), plain.slice(start, end)];
    expect(slice.size).toBe(expected.size);
    expect(await contentOf(slice)).toBe(await contentOf(expected));
    expect(await contentOf(slice.slice(1, 3))).toBe(await contentOf(expected.slice(1, 3)));
  });

  it("streams in parts, as a request sends it", async () => {
    const sent = new Request("http://localhost", {
      method: "POST",
      body: stored.slice(10),
      duplex: "half",
    });
    expect(await contentOf(sent)).toBe(await contentOf(plain.slice(10)));
    expect(await new Response(new StoredBlob(files, "empty", 0, 0).stream()).text()).toBe("");
    expect(await new StoredBlob(files, "text", 0, 8).text()).toBe("größer");
  });

  it("fails when it is read if the file is not there", async () => {
    const blob = new StoredBlob(files, "none", 0, 1);
    expect(await failure(blob.arrayBuffer())).toMatchObject({ code: "ENOENT" });
    expect(await failure(new Response(blob.stream()).text())).toBeInstanceOf(Error);
  });
});
