/** Buffers on disk: programs read and write them as those in memory, and one program's are in memory at a time. */

import { describe, expect, it } from "vitest";
import { input } from "../../../src/graph/value.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { compile } from "../../../src/onnx/model.ts";
import { add, scale } from "../../../src/ops/elementwise.ts";
import { onDisk } from "../../../src/runtime/disk/on-disk.ts";
import { setElements } from "../../../src/runtime/buffers.ts";
import type { Buffer } from "../../../src/runtime/runtime.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";

const opened = async () => onDisk(sharedRuntime, await memoryHost().files.scratch("/"));

const numbers = async (buffer: Buffer) => Array.from(await buffer.read(), Number);
const x = input("x", "float32", [2]);
const y = input("y", "float32", [2]);

describe("a buffer on disk", () => {
  it("is zero at first, and holds what is written", async () => {
    const runtime = await opened();
    const a = runtime.allocateAtRest("float32", [2, 2]);
    const b = runtime.allocateAtRest("uint16", [3]);
    expect(await numbers(a)).toEqual([0, 0, 0, 0]);
    setElements(a, Float32Array.of(1, 2, 3, 4));
    setElements(b, Uint16Array.of(5, 6, 7));
    expect(await numbers(a)).toEqual([1, 2, 3, 4]);
    expect(await numbers(b)).toEqual([5, 6, 7]);
    expect(await numbers(a.view([3]))).toEqual([1, 2, 3]);
    expect([a.bytes, b.bytes]).toEqual([16, 6]);
  });

  it("is copied from one in memory, and from one on disk", async () => {
    const runtime = await opened();
    const [a, b] = [1, 2].map(() => runtime.allocateAtRest("float32", [2]));
    const inMemory = runtime.allocate("float32", [2]);
    setElements(inMemory, Float32Array.of(3, 4));
    a?.copyFrom(inMemory);
    if (a) b?.copyFrom(a);
    expect(b && (await numbers(b))).toEqual([3, 4]);
  });

  it("is fed, and written over, whole or by rows", async () => {
    const runtime = await opened();
    const doubled = await runtime.load(compile({ z: scale(x, 2) }));
    const sum = await runtime.load(compile({ z: add(x, y) }));
    const a = runtime.allocateAtRest("float32", [2]);
    const rows = runtime.allocateAtRest("float32", [3, 2]);
    const inMemory = runtime.allocate("float32", [2]);
    setElements(a, Float32Array.of(1, 2));
    setElements(rows, Float32Array.of(1, 2, 3, 4, 5, 6));
    await doubled.run({ x: a }, { z: a });
    expect(await numbers(a)).toEqual([2, 4]);
    await sum.run({ x: a, y: rows.view([6]).view([2]) }, { z: inMemory });
    expect(await numbers(inMemory)).toEqual([3, 6]);
    const second = await runtime.load(compile({ z: scale(input("x", "float32", [1, 2]), 2) }));
    await second.run({ x: rows.rows(1, 2) }, { z: rows.rows(1, 2) });
    expect(await numbers(rows)).toEqual([1, 2, 6, 8, 5, 6]);
    // One buffer for two inputs lies in memory once.
    await sum.run({ x: a, y: a }, { z: inMemory });
    expect(await numbers(inMemory)).toEqual([4, 8]);
  });

  it("is in memory while a program uses it: as much as one program uses", async () => {
    const runtime = await opened();
    const doubled = await runtime.load(compile({ z: scale(x, 2) }));
    for (let i = 0; i < 100; i++) {
      const weight = runtime.allocateAtRest("float32", [2]);
      setElements(weight, Float32Array.of(i, i));
      await doubled.run({ x: weight }, { z: weight });
      expect(await numbers(weight)).toEqual([2 * i, 2 * i]);
    }
    expect(runtime.disk?.bytes).toBe(6400);
    expect(runtime.disk?.bytesInMemory).toBe(64);
  });

  it("is refused where two overlap, and are not the same", async () => {
    const runtime = await opened();
    const sum = await runtime.load(compile({ z: add(x, y) }));
    const a = runtime.allocateAtRest("float32", [4]);
    const inMemory = runtime.allocate("float32", [2]);
    const feeds = { x: a.rows(0, 2), y: a.rows(1, 3) };
    await expect(sum.run(feeds, { z: inMemory })).rejects.toThrow("overlap");
    expect(() => a.rows(3, 5)).toThrow("no range");
    expect(() => a.view([5])).toThrow("too large");
  });
});
