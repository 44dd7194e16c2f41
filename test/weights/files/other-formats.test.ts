/** Models in formats that are not read, each with a sentence that says so. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { loadWeights, readConfig } from "../../support/on-node.ts";
import { failure, temporaryDirectory } from "../support.ts";

const LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1000000\n";

describe("a model", () => {
  it.each([
    ["pytorch_model.bin", "a pickle, which runs code", "take a safetensors revision"],
    ["consolidated.00.pth", "a pickle, which runs code", "take a safetensors revision"],
    ["tf_model.h5", "weights of TensorFlow or Flax", "take a safetensors revision"],
    ["model.onnx", "a graph of ONNX, which is not trained", "take the model that it was made of"],
  ])(
    "says what to do about %s, and about a directory that has nothing else",
    async (name, what, hint) => {
      const dir = temporaryDirectory();
      await writeFile(join(dir, name), "GGUF");
      await writeFile(join(dir, "training_args.bin"), "");
      expect(await failure(readConfig(dir))).toMatchObject({
        name: "UsageError",
        message: expect.stringContaining(`${dir}: holds only ${name}, ${what}`),
        hint: expect.stringContaining(hint),
      });
      expect(await failure(readConfig(join(dir, name)))).toMatchObject({
        message: expect.stringContaining(`${join(dir, name)}: ${what}`),
        hint: expect.stringContaining(hint),
      });
    },
  );

  it("asks for the directory of a file", async () => {
    const dir = temporaryDirectory();
    await writeFile(join(dir, "config.json"), "{}");
    expect(await failure(readConfig(join(dir, "config.json")))).toMatchObject({
      message: `${join(dir, "config.json")}: a file, where the directory of a model is asked for`,
    });
  });

  it("knows a Git LFS pointer", async () => {
    const dir = temporaryDirectory();
    await writeFile(join(dir, "config.json"), LFS_POINTER);
    const error = await failure(readConfig(dir));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({
      message: `${join(dir, "config.json")}: a Git LFS pointer, not the file itself; git lfs pull fetches it, or the Hub under its name`,
    });
  });

  it.each([
    ["a Git LFS pointer", LFS_POINTER, "a Git LFS pointer, not the file itself"],
    ["GGUF", "GGUF\x03\0\0\0\0\0\0\0", "GGUF, not safetensors"],
    ["a pickle", "PK\x03\x04aaaaaaaa", "a pickle of PyTorch, which runs code"],
    ["a page", "<!DOCTYPE html><html>", "a page of the Web, not safetensors"],
  ])("knows what model.safetensors is if it is %s", async (_, content, message) => {
    const dir = temporaryDirectory();
    await writeFile(join(dir, "model.safetensors"), content);
    const error = await failure(loadWeights(dir, new Map()));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
  });
});
