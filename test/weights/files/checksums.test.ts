/** @file Damage at rest: whatever bit flips in a file that was written here, whoever reads it is told. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { readBytes, writeFile } from "../../../src/host/content.ts";
import type { FileStore } from "../../../src/host/host.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { float32, hostTensor } from "../../../src/tensor/host-tensor.ts";
import { openSafetensors, writeSafetensors } from "../../../src/weights/files/safetensors.ts";
import { nodeFiles } from "../../support/files.ts";
import { failure, temporaryDirectory } from "../support.ts";

const PATH = "a.safetensors";
const TENSORS = [
  ["wide", float32([3], Float32Array.of(1, -2, 3))],
  ["narrow", hostTensor("bfloat16", [2, 1], Uint16Array.of(1, 2))],
  ["empty", float32([0], new Float32Array())],
] as const;

async function readAll(files: FileStore, isTogether = false): Promise<void> {
  const file = await openSafetensors(files, PATH);
  try {
    const options = isTogether ? { together: new Set(file.tensors.keys()) } : {};
    for (const name of file.tensors.keys()) await file.read(name, options);
  } finally {
    await file.close();
  }
}

async function written(): Promise<Uint8Array> {
  const { files } = memoryHost();
  await writeSafetensors(files, PATH, TENSORS, { metadata: { format: "pt", position: "12" } });
  await readAll(files);
  return readBytes(files, PATH);
}

const raw = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

describe("a file of weights", () => {
  it.each([
    ["one by one", false],
    ["together", true],
  ])("is refused if one bit of it is another, wherever it stands, read %s", async (_, together) => {
    const bytes = await written();
    const accepted: string[] = [];
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { files } = memoryHost({ files: { [PATH]: damaged } });
      const error = await readAll(files, together).catch((thrown: unknown) => thrown);
      if (!(error instanceof FormatError)) accepted.push(`bit ${bit}: ${String(error)}`);
    }
    expect(accepted).toEqual([]);
  });

  it.each([2 ** 19, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 - 1])(
    "is refused if byte %i of a tensor that is read in parts is another",
    async (at) => {
      const path = join(temporaryDirectory(), PATH);
      const tensor = float32([3 * 2 ** 18], new Float32Array(3 * 2 ** 18).fill(1));
      await writeSafetensors(nodeFiles, path, [["long", tensor]]);
      const file = await openSafetensors(nodeFiles, path);
      // Hundreds of thousands of numbers are compared as bytes.
      const { data } = await file.read("long");
      expect(Buffer.compare(raw(data), raw(tensor.data))).toBe(0);
      await file.close();
      const bytes = await readBytes(nodeFiles, path);
      const start = bytes.length - tensor.data.byteLength;
      bytes[start + at] = (bytes[start + at] ?? 0) ^ 1;
      await writeFile(nodeFiles, path, bytes);
      const damaged = await openSafetensors(nodeFiles, path);
      expect(await failure(damaged.read("long"))).toBeInstanceOf(FormatError);
      await damaged.close();
    },
  );

  it("says which tensor was damaged", async () => {
    const { files } = memoryHost();
    const bytes = await written();
    bytes[bytes.length - 1] = 1;
    await writeFile(files, PATH, bytes);
    expect(await failure(readAll(files))).toMatchObject({
      message: `${PATH}: the file was damaged since it was written; got another checksum of tensor "narrow"`,
    });
  });

  it("is read without checksums as it is", async () => {
    const { files } = memoryHost();
    const header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    const bytes = new Uint8Array(8 + header.length + 1);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    await writeFile(files, PATH, bytes);
    await readAll(files);
  });
});
