/** The imagefolder convention of Hugging Face's datasets. */

import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { readImageFolder } from "../support/on-node.ts";

async function folderOf(files: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flora-images-"));
  for (const file of files) {
    await mkdir(join(folder, file, ".."), { recursive: true });
    await writeFile(join(folder, file), "");
  }
  return folder;
}

describe("readImageFolder", () => {
  it("has the images by label and name, and leaves out what is no image", async () => {
    const files = ["dog/b.PNG", "dog/a.jpeg", "cat/1.png", "cat/notes.txt", ".git/a.png", "a.png"];
    const folder = await folderOf(files);
    expect(await readImageFolder(folder)).toEqual([
      { path: join(folder, "cat/1.png"), label: "cat" },
      { path: join(folder, "dog/a.jpeg"), label: "dog" },
      { path: join(folder, "dog/b.PNG"), label: "dog" },
    ]);
  });

  it("refuses a folder without images, and none", async () => {
    const folder = await folderOf(["a.png"]);
    await expect(readImageFolder(folder)).rejects.toThrow(UsageError);
    await expect(readImageFolder(folder)).rejects.toThrow("no images in folders of");
    await expect(readImageFolder(join(folder, "no"))).rejects.toThrow(UsageError);
  });
});
