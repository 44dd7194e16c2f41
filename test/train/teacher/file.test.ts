import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { float32, hostTensor, int32 } from "../../../src/tensor/host-tensor.ts";
import { readSaid, saveSaid } from "../../../src/train/teacher/file.ts";
import { type NamedTensor, writeSafetensors } from "../../../src/weights/index.ts";

it("what a teacher said is read as it was written", async () => {
  const { files } = memoryHost();
  const said = {
    choices: 2,
    examples: new Map([
      ["4294967295.7", 0],
      ["12.2147483648", 1],
    ]),
    ids: Int32Array.of(1, 2, 3, 4, 5, 6),
    shares: Uint16Array.of(15360, 0, 14336, 14336, 15000, 100),
  };
  await saveSaid(files, "/said.safetensors", said);
  expect(await readSaid(files, "/said.safetensors")).toEqual(said);
});

const examples: NamedTensor = ["examples", int32([1, 3], Int32Array.of(1, 2, 0))];
const ids: NamedTensor = ["ids", int32([1, 2], Int32Array.of(1, 2))];

describe("refuses in a sentence", () => {
  it.each<readonly [string, readonly NamedTensor[], string]>([
    ["another file", [ids], 'nothing that a teacher said; it lacks the tensor "examples"'],
    [
      "shares in float32",
      [examples, ids, ["shares", float32([1, 2], new Float32Array(2))]],
      "shares must be float16",
    ],
    [
      "shares of another shape",
      [examples, ids, ["shares", hostTensor("float16", [1, 1], Uint16Array.of(1))]],
      "ids and shares must be of one shape",
    ],
  ])("%s", async (_, tensors, message) => {
    const { files } = memoryHost();
    await writeSafetensors(files, "/f.safetensors", tensors);
    await expect(readSaid(files, "/f.safetensors")).rejects.toThrow(message);
  });
});
