/** Neighbours in a file are read at once, and each has its own checksum all the same. */

import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { openSafetensors, writeSafetensors } from "../../../src/weights/files/safetensors.ts";
import { type Located, runningSums, runsOf } from "../../../src/weights/files/runs.ts";

/** Tensors in a row, of so many bytes, "F32" unless they are marked. */
function inARow(...sizes: readonly (number | `${number} BF16`)[]): Located[] {
  let begin = 0;
  return sizes.map((size, i) => {
    const [bytes = "", dtype = "F32"] = String(size).split(" ");
    const end = begin + Number(bytes);
    const located: Located = [`t${i}`, { dtype, shape: [Number(bytes) / 4], begin, end }];
    begin = end;
    return located;
  });
}

describe("runs of tensors", () => {
  it.each([
    ["all of them, if they may be as long", inARow(4, 8, 4), [["t0", "t1", "t2"]]],
    [
      "no longer than they may be",
      inARow(8, 8, 4, 8),
      [
        ["t0", "t1"],
        ["t2", "t3"],
      ],
    ],
    ["one that is longer by itself", inARow(4, 40, 4), [["t0"], ["t1"], ["t2"]]],
    ["apart from those of another type", inARow(4, 4, "4 BF16", 4), [["t0", "t1"], ["t2"], ["t3"]]],
    [
      "apart where one between them is not wanted",
      inARow(4, 4, 4).toSpliced(1, 1),
      [["t0"], ["t2"]],
    ],
    ["empty ones with what is before them", inARow(4, 0, 4), [["t0", "t1", "t2"]]],
    ["none", [], []],
  ])("are %s", (_, tensors, expected) => {
    const runs = runsOf(tensors, 16);
    expect(runs.map((run) => run.tensors.map(([name]) => name))).toEqual(expected);
  });

  it.each([1, 3, 7, 100])("have sums for each, from parts of %i bytes", (size) => {
    const tensors = inARow(0, 8, 4, 0, 12, 0);
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => 7 * i);
    const sums = runningSums({ begin: 0, end: 24, tensors }, crc32);
    for (let at = 0; at < 24; at += size) sums.add(bytes.subarray(at, at + size));
    const own = tensors.map(
      ([name, { begin, end }]) => [name, crc32(bytes.subarray(begin, end))] as const,
    );
    expect([...sums.values()]).toEqual(own);
  });
});

it("are memory that tensors share which are wanted together", async () => {
  const { files } = memoryHost();
  const floats = (value: number) => float32([2], Float32Array.of(value, value));
  await writeSafetensors(files, "ab", [
    ["a", floats(1)],
    ["b", floats(2)],
  ]);
  const file = await openSafetensors(files, "ab");
  const held = async (...names: readonly string[]) => {
    const together = new Set(names);
    const tensors = [await file.read("a", { together }), await file.read("b", { together })];
    expect(tensors).toEqual([floats(1), floats(2)]);
    return new Set(tensors.map(({ data }) => data.buffer)).size;
  };
  expect(await held()).toBe(2);
  expect(await held("a")).toBe(2);
  expect(await held("a", "b")).toBe(1);
  await file.close();
});
