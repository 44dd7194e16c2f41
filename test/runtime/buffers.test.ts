/** What becomes of numbers that do not fit into the memory of a weight. */

import { describe, expect, it } from "vitest";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { restore } from "../../src/runtime/buffers.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";

const runtime = cpuRuntime({ threads: 1 });

describe("restore", () => {
  it.each([
    ["float16", [1, 65504, -65519], undefined],
    ["float16", [1, Infinity, Number.NaN], undefined],
    ["float16", [1, 65520], "w: a number is too large for float16; got 65520"],
    ["float16", [-1e6], "w: a number is too large for float16; got -1000000"],
    ["bfloat16", [1e6, 3e38], undefined],
    ["bfloat16", [Math.fround(3.4e38)], "w: a number is too large for bfloat16"],
  ] as const)("of %s takes %j as it should", (dtype, values, message) => {
    const buffer = runtime.allocate(dtype, [values.length]);
    const set = () => restore("w", buffer, float32([values.length], Float32Array.from(values)));
    if (message === undefined) set();
    else expect(set).toThrow(message);
  });
});
