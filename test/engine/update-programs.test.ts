/** Which parameters are updated a few rows at a time, and that weights in sixteen bits are updated so as if they were whole. */

import { describe, expect, it } from "vitest";
import { compile } from "../../src/onnx/model.ts";
import { stepRule } from "../../src/compress/index.ts";
import { adafactor, sgd } from "../../src/optim/index.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/tensor/half.ts";
import { float32, type HostTensor, hostTensor } from "../../src/tensor/host-tensor.ts";
import { buildUpdate, shardedGraph, shardUpdate } from "../../src/engine/update-programs.ts";
import { type HostTensors, runGraph, tensorNamed } from "../support/graph.ts";
import { integerNumbers, normalTensor } from "../support/random.ts";
import { updatable } from "./support.ts";

const rowsOfShards = (
  shape: readonly number[],
  side: "rows" | "columns" | undefined,
  dtype: "float32" | "int8" = "float32",
) => {
  const dimension = (side === "rows" ? shape[0] : shape[1]) ?? 0;
  const compression =
    side &&
    ({
      projection: { side, rank: 8, dimension, family: "gaussian" },
      description: "rank 8",
      subspace: { kind: "drawn", draw: () => undefined },
    } as const);
  const rule = stepRule({ projection: compression?.projection, momentum: 0, base: sgd() });
  const param = updatable(shape, rule, { compression, sums: dtype });
  return shardUpdate(param, buildUpdate(param))?.size;
};

it.each([
  ["whole gradients of large tables", [32768, 256], undefined, "float32", 964],
  ["compressed columns of large tables", [32768, 256], "columns", "float32", 964],
  ["no compressed rows", [32768, 256], "rows", "float32", undefined],
  // 32,768 blocks of 256: as many as rows.
  ["no blocks of eight bits", [32768, 256], undefined, "int8", undefined],
  ["what is larger than a cache", [3276, 256], undefined, "float32", 819],
  ["nothing small", [1900, 256], undefined, "float32", undefined],
  ["no vectors", [9e6], undefined, "float32", undefined],
] as const)("%s", (_, shape, side, dtype, rows) => {
  expect(rowsOfShards(shape, side, dtype)).toBe(rows);
});

it.each([
  ["what is larger than a cache", [3910, 256], undefined, 782],
  ["what stays in it", [3900, 256], undefined, undefined],
  ["of a small rank", [2000, 1024], 16, 223],
  // Each pass would make the gradient of this rank anew.
  ["of a large rank", [2000, 1024], 64, undefined],
] as const)("rows that Adafactor couples: %s", (_, shape, rank, size) => {
  const projection =
    rank && ({ side: "columns", rank, dimension: shape[1], family: "gaussian" } as const);
  const compression = projection && {
    projection,
    description: "",
    subspace: { kind: "drawn", draw: () => undefined } as const,
  };
  const rule = stepRule({ projection, momentum: 0, base: adafactor() });
  const param = updatable(shape, rule, { compression });
  expect(shardUpdate(param, buildUpdate(param))?.size).toBe(size);
});

describe.each(["float16", "bfloat16"] as const)("weights in %s", (dtype) => {
  const [rows, columns] = [6, 4];
  const shape = [rows, columns];
  const narrow = { float16: float32ToFloat16, bfloat16: float32ToBfloat16 }[dtype];

  it.each(["stochastic", "nearest", "master"] as const)(
    "are updated in shards as whole, %s",
    async (weightUpdate) => {
      const rule = stepRule({ projection: undefined, momentum: 0, base: sgd() });
      const param = updatable(shape, rule, { dtype, weightUpdate });
      const update = buildUpdate(param);
      const master = normalTensor(1, shape);
      const numbers = master.data instanceof Float32Array ? master.data : new Float32Array();
      const scalar = (value: number) => float32([], Float32Array.of(value));
      const feeds: HostTensors = {
        param: hostTensor(dtype, shape, narrow(numbers)),
        master,
        noise: hostTensor(
          "uint16",
          shape,
          Uint16Array.from(integerNumbers(2, rows * columns, 4096)),
        ),
        "acc:param/sum": normalTensor(3, shape),
        gradientScale: scalar(1),
        learningRate: scalar(0.01),
      };
      const whole = await runGraph(update.outputs, feeds);
      const sharded = shardedGraph(param, update);
      expect(sharded.passes).toEqual([]);
      const half = rows / 2;
      for (const start of [0, half]) {
        const cut = (tensor: HostTensor): HostTensor =>
          tensor.shape.length === 2
            ? hostTensor(
                tensor.dtype,
                [half, columns],
                tensor.data.slice(start * columns, (start + half) * columns),
              )
            : tensor;
        const outputs = sharded.rows(half);
        expect(Object.keys(compile(outputs).outputs)).toEqual(Object.keys(whole));
        const part = await runGraph(
          outputs,
          Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, cut(tensor)])),
        );
        for (const name of Object.keys(whole)) {
          expect(tensorNamed(part, name)).toEqual(cut(tensorNamed(whole, name)));
        }
      }
    },
  );
});
