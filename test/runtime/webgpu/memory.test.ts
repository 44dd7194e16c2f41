/** Tensors in the memory of a device that is an array. */

import { describe, expect, it } from "vitest";
import { fill, floats } from "../../../src/runtime/buffers.ts";
import { gpuMemory } from "../../../src/runtime/webgpu/memory.ts";
import { float32, hostTensor } from "../../../src/tensor/host-tensor.ts";
import { fakeGpu } from "./fake-gpu.ts";

const memoryOf = () => gpuMemory(fakeGpu().device, () => undefined);
const SIX = Float32Array.of(1, 2, 3, 4, 5, 6);

describe("a buffer on a device", () => {
  it("begins with zeros, takes what is written, and is read as a copy", async () => {
    const buffer = memoryOf().allocate("float32", [2, 3]);
    expect(await buffer.read()).toEqual(new Float32Array(6));
    fill(buffer, 7);
    floats(await buffer.read()).fill(0);
    expect(await buffer.read()).toEqual(new Float32Array(6).fill(7));
  });

  it("holds types whose elements fill no word", async () => {
    const bytes = Uint8Array.of(1, 0, 1, 1, 0);
    const buffer = memoryOf().adopt(hostTensor("uint8", [5], bytes));
    expect(await buffer.read()).toEqual(bytes);
  });

  it("is shared by its views, which begin where it begins", async () => {
    const buffer = memoryOf().adopt(float32([2, 3], SIX));
    const view = buffer.view([3]);
    fill(view, 9);
    expect(await buffer.read()).toEqual(Float32Array.of(9, 9, 9, 4, 5, 6));
    expect(() => buffer.view([7])).toThrow("view: too large");
  });

  it("knows where its rows lie", () => {
    const memory = memoryOf();
    const buffer = memory.adopt(float32([3, 2], SIX));
    expect(memory.placeOf(buffer.rows(1, 3))).toMatchObject({ begin: 8, end: 24 });
    expect(() => buffer.rows(2, 4)).toThrow("rows: no range 2 to 4");
    const bytes = memory.allocate("uint8", [3, 2]);
    expect(() => bytes.rows(1, 2)).toThrow("rows: begin within a word");
  });

  it("takes the elements of another", async () => {
    const memory = memoryOf();
    const [from, to] = [memory.adopt(float32([6], SIX)), memory.allocate("float32", [2, 3])];
    to.copyFrom(from);
    expect(await to.read()).toEqual(SIX);
    expect(() => to.copyFrom(memory.allocate("float32", [5]))).toThrow("copy: buffers differ");
    expect(() => to.copyFrom(memoryOf().allocate("float32", [6]))).toThrow("copy: buffers differ");
  });
});

describe("the memory of a device", () => {
  it.each(["bfloat16", "float16", "int8", "uint16", "float64", "int64"] as const)(
    "keeps no %s",
    (dtype) => {
      expect(() => memoryOf().allocate(dtype, [4])).toThrow(`device: this GPU keeps no ${dtype}`);
    },
  );

  it("says so where a tensor is larger than a buffer may be", () => {
    expect(() => memoryOf().allocate("float32", [2 ** 18 + 1])).toThrow(
      "device: a tensor is larger than this GPU's buffers; got 1048580 bytes, and 1048576 are the most",
    );
  });

  it("is given back with what changed places with it", () => {
    const memory = memoryOf();
    const buffer = memory.adopt(float32([6], SIX));
    const [whole, lent] = [memory.placeOf(buffer)?.held.gpu, memory.borrow(buffer.bytes)];
    memory.giveBack(lent);
    buffer.release();
    expect(() => memory.placeOf(buffer)).toThrow("float32 [6]: it was released");
    expect(() => memory.placeOf(buffer.view([3]))).toThrow("float32 [3]: it was released");
    const other = memory.adopt(float32([6], SIX));
    expect(() => buffer.write(() => undefined)).toThrow("it was released");
    expect(() => buffer.copyFrom(other)).toThrow("it was released");
    expect(() => other.copyFrom(buffer)).toThrow("it was released");
    expect(memory.borrow(buffer.bytes)).not.toBe(lent);
    for (const gpu of [whole, lent]) {
      const copied = () => gpu && memory.copy(gpu, 0, memory.borrow(24), 0, 24);
      expect(copied).toThrow("destroyed");
    }
  });

  it("lends what was given back to who asks for as much", () => {
    const memory = memoryOf();
    const first = memory.borrow(24);
    expect(memory.borrow(24)).not.toBe(first);
    memory.giveBack(first);
    expect(memory.borrow(64)).not.toBe(first);
    expect(memory.borrow(20)).toBe(first);
  });
});
