/** A graph computed a few rows at a time gives what it gives whole: updates of every optimizer, in uneven shards. */

import { describe, expect, it } from "vitest";
import { mapTensors, type Tensors } from "../../../src/graph/tensors.ts";
import { input } from "../../../src/graph/value.ts";
import { optimize } from "../../../src/onnx/model.ts";
import {
  abs,
  add,
  div,
  matmul,
  matrixTranspose,
  mul,
  reduceMax,
  reduceSum,
  softmax,
} from "../../../src/ops/index.ts";
import { nextName } from "../../../src/engine/parts/names.ts";
import { carriedMomentum } from "../../../src/compress/index.ts";
import { shardRows } from "../../../src/ops/passes/shard.ts";
import { namedOptimizer, type OptimizerName, ruleAt } from "../../../src/optim/index.ts";
import { float32, type HostTensor } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { runGraph } from "../../support/graph.ts";
import { normalTensor } from "../../support/random.ts";

const [ROWS, COLUMNS, RANK] = [11, 6, 3];
const SHARD = 4;

const wave = (shape: readonly number[], phase: number): HostTensor => {
  const size = shape.reduce((n, dim) => n * dim, 1);
  return float32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(phase + 1.7 * i)),
  );
};

/** The rule of a matrix under an optimizer, and the one of its compressed sums. */
function ruleOf(name: OptimizerName) {
  const optimizer = namedOptimizer(name, { weightDecay: 0.1 });
  const label = optimizer.labelOf({ name: "w", shape: [ROWS, COLUMNS], role: "matrix" });
  return ruleAt(optimizer, label);
}

/** The update of one parameter, from C A, or from C where the rule has another one for that. */
function update(name: OptimizerName): { outputs: Tensors; feeds: Record<string, HostTensor> } {
  const { inSubspace, ...whole } = ruleOf(name);
  const shape = [ROWS, COLUMNS];
  const projection = {
    side: "columns",
    rank: RANK,
    dimension: COLUMNS,
    family: "orthonormal",
  } as const;
  const rule = inSubspace ? carriedMomentum(inSubspace, projection) : undefined;
  const [acc, a] = [input("acc", "float32", [ROWS, RANK]), input("A", "float32", [RANK, COLUMNS])];
  const state = (rule ?? whole).init(shape);
  const param = input("param", "float32", shape);
  const inputs = mapTensors(state, (spec, key) => input(key, "float32", spec.shape));
  const context = {
    param,
    learningRate: input("rate", "float32", []),
    stepScalar: (scalar: string) => input(scalar, "float32", []),
    chance: () => input("chance", "float32", []),
  };
  const result = rule
    ? rule.update(acc, a, inputs, context)
    : whole.update(matmul(acc, a), inputs, context);
  const next = Object.entries(result.state).map(([key, value]) => [`${key}'`, value] as const);
  const outputs = { "param'": add(param, result.update), ...Object.fromEntries(next) };
  const feeds: Record<string, HostTensor> = {
    param: wave(shape, 1),
    // Waves have a rank of two, and a third singular value of rounding alone.
    acc: normalTensor(2, [ROWS, RANK]),
    A: wave([RANK, COLUMNS], 3),
    rate: float32([], Float32Array.of(0.1)),
  };
  for (const [key, spec] of Object.entries(state)) {
    const tensor = wave(spec.shape, 4);
    feeds[key] = float32(
      spec.shape,
      Float32Array.from(numbersOf(tensor), (x) => x ** 2),
    );
  }
  for (const scalar of ["adam.mean.0.9", "adam.root.0.999", "adafactor.-0.8"]) {
    feeds[scalar] = float32([], Float32Array.of(0.7));
  }
  return { outputs, feeds };
}

const rowsOf = ({ shape, data }: HostTensor, start: number, end: number): HostTensor => {
  const width = data.length / (shape[0] ?? 1);
  return float32(
    shape.with(0, end - start),
    Float32Array.from(data.subarray(start * width, end * width), Number),
  );
};

describe("updates in shards of rows", () => {
  const PASSES: Readonly<Partial<Record<OptimizerName, number>>> = { adafactor: 2, muon: 2 };
  for (const name of ["sgd", "momentum", "adam", "adamw", "adafactor", "muon"] as const) {
    it(name, async () => {
      const { outputs, feeds } = update(name);
      expect(await expectSharded(outputs, feeds)).toBe(PASSES[name] ?? 0);
    });
  }

  it("the largest magnitude, and a product over rows", async () => {
    const x = input("x", "float32", [ROWS, COLUMNS]);
    const outputs = {
      "x'": div(x, reduceMax(abs(x))),
      "gram'": matmul(matrixTranspose(x), add(x, x)),
    };
    expect(await expectSharded(outputs, { x: normalTensor(5, [ROWS, COLUMNS]) })).toBe(1);
  });
});

/** Fails unless a graph has the same outputs in uneven shards of what has rows; returns the number of its passes. */
async function expectSharded(
  outputs: Tensors,
  feeds: Readonly<Record<string, HostTensor>>,
): Promise<number> {
  const whole = await runGraph(outputs, feeds);
  const names = Object.keys(outputs);
  const plain = optimize(Object.values(outputs));
  const hasRows = Object.entries(feeds).filter(([, { shape }]) => shape[0] === ROWS);
  const graph = shardRows(
    Object.fromEntries(plain.map((value, i) => [names[i] ?? "", value])),
    new Set(hasRows.map(([key]) => key)),
  );

  const sums: Record<string, HostTensor> = {};
  for (const [key, shape] of Object.entries(graph.sums)) {
    const size = shape.reduce((n, dim) => n * dim, 1);
    sums[key] = float32(shape, new Float32Array(size));
  }
  const collected: Record<string, number[]> = {};
  for (const pass of [...graph.passes, graph.rows]) {
    for (let start = 0; start < ROWS; start += SHARD) {
      const end = Math.min(ROWS, start + SHARD);
      const cut = hasRows.map(([key, tensor]) => [key, rowsOf(tensor, start, end)] as const);
      const results = await runGraph(pass(end - start), {
        ...feeds,
        ...sums,
        ...Object.fromEntries(cut),
      });
      for (const [key, tensor] of Object.entries(results)) {
        const sum = Object.keys(sums).find((each) => nextName(each) === key);
        if (sum !== undefined) sums[sum] = tensor;
        else collected[key] = [...(collected[key] ?? []), ...Array.from(tensor.data, Number)];
      }
    }
  }
  const isRest = Object.keys(graph.rest).length > 0;
  const rest = isRest ? await runGraph(graph.rest, { ...feeds, ...sums }) : {};
  for (const [key, tensor] of Object.entries(whole)) {
    const actual = collected[key] ?? Array.from(rest[key]?.data ?? [], Number);
    expectClose(actual, numbersOf(tensor), FLOAT32, { what: key });
  }
  return graph.passes.length;
}

describe("what cannot be sharded is refused", () => {
  const x = input("x", "float32", [ROWS, COLUMNS]);
  const cases = {
    "a product over rows with what is no shard": matmul(input("w", "float32", [3, ROWS]), x),
    "a transpose that is no factor": matrixTranspose(add(x, x)),
    "a transpose that is the second factor": matmul(x, matrixTranspose(x)),
    "the largest of numbers that may be negative": reduceMax(x),
    "softmax over columns is rowwise but not known to be": softmax(x),
  };
  for (const [name, value] of Object.entries(cases)) {
    it(name, () => {
      const [plain] = optimize([value]);
      expect(() => shardRows({ y: plain ?? value }, new Set(["x"]))).toThrow("row by row");
    });
  }

  it("while a sum over rows, squared, is two passes' work", () => {
    const sum = reduceSum(x, { axes: [0], keepDims: true });
    const [plain] = optimize([mul(x, sum)]);
    expect(shardRows({ y: plain ?? sum }, new Set(["x"])).passes).toHaveLength(1);
  });
});
