/**
 * @file A graph over matrices with many rows, computed a few rows at a time.
 *
 * What is elementwise in rows needs only its own rows; sums over rows couple them. Each sum is cut out and becomes a pass of its
 * own over the shards, adding up partial sums; sums that need other sums come in later passes. The last pass computes
 * the rows of the outputs, and what has no rows is computed once, at the end.
 */

import { GraphError } from "../errors.ts";
import { type Tensors, tensorAt } from "../graph/tensors.ts";
import { graphInputs, substitute, topologicalOrder } from "../graph/topology.ts";
import { input, type Node, type Value } from "../graph/value.ts";
import { add } from "./elementwise.ts";

export interface ShardedGraph {
  /** Passes over all shards, in order: partial sums so far (inputs `sum:k`) to sums with this shard's (outputs `sum:k'`). */
  readonly passes: readonly ((rows: number) => Tensors)[];
  /** The last pass over all shards: outputs that have rows. */
  readonly rows: (rows: number) => Tensors;
  /** Outputs without rows, computed after everything else. */
  readonly rest: Tensors;
  /** Shapes of the sums by the names of their inputs. */
  readonly sums: Readonly<Record<string, readonly number[]>>;
}

/** What a sum is called with another shard in it. */
const nextSum = (name: string): string => `${name}'`;

/** Operators that treat each row by itself, whatever the other operands are. */
const ROWWISE = new Set(
  "Add Sub Mul Div Max Min Neg Abs Round Exp Log Sqrt Tanh Sigmoid Pow Where Less Equal Cast MatMul".split(
    " ",
  ),
);
const SUMS = new Set(["ReduceSum", "ReduceSumSquare"]);

/**
 * Shards a graph by the first axis of some of its inputs.
 *
 * @param outputs - in plain operators (`lower`)
 * @param sharded - names of the inputs that are fed in shards; all are matrices with equally many rows
 * @throws {GraphError} if an operator couples rows in another way than by summing over them.
 */
export function shardRows(outputs: Tensors, sharded: ReadonlySet<string>): ShardedGraph {
  const values = Object.values(outputs);
  const withRows = new Set(
    graphInputs(values).filter(({ source }) => source.kind === "input" && sharded.has(source.name)),
  );
  /** How many passes must be done before a value can be computed. */
  const depth = new Map<Value, number>();
  const sums = new Map<Value, Value>();
  for (const node of topologicalOrder(values)) {
    const before = Math.max(0, ...node.inputs.map((value) => depth.get(value) ?? 0));
    const coupled = node.inputs.some((value) => withRows.has(value));
    const summed = coupled && SUMS.has(node.type) && sumsOverRows(node);
    for (const output of node.outputs) {
      depth.set(output, before + (summed ? 1 : 0));
      if (summed) sums.set(output, input(`sum:${sums.size}`, output.dtype, output.shape));
      else if (coupled) withRows.add(checkRowwise(node, output, withRows));
    }
  }

  const shardInputs = (rows: number) =>
    [...withRows].flatMap((value) =>
      value.source.kind === "input"
        ? [[value, input(value.source.name, value.dtype, value.shape.with(0, rows))] as const]
        : [],
    );
  const inShards = (wanted: Tensors, rows: number, known: ReadonlyMap<Value, Value>): Tensors => {
    const replaced = substitute(Object.values(wanted), new Map([...shardInputs(rows), ...known]));
    return Object.fromEntries(Object.keys(wanted).map((name, i) => [name, at(replaced, i)]));
  };
  const sumsBefore = (pass: number) =>
    new Map([...sums].filter(([value]) => (depth.get(value) ?? 0) <= pass));

  const passes = Array.from({ length: Math.max(0, ...depth.values()) }, (_, pass) => {
    const now = [...sums].filter(([value]) => depth.get(value) === pass + 1);
    const known = sumsBefore(pass);
    return (rows: number): Tensors => {
      const partial = inShards(
        Object.fromEntries(now.map(([value, sum]) => [nextSum(nameOf(sum)), value])),
        rows,
        known,
      );
      return Object.fromEntries(
        now.map(([, sum]) => {
          const name = nextSum(nameOf(sum));
          return [name, add(sum, tensorAt(partial, name))];
        }),
      );
    };
  });
  const part = (rows: boolean): Tensors =>
    Object.fromEntries(Object.entries(outputs).filter(([, value]) => withRows.has(value) === rows));
  return {
    passes,
    rows: (rows) => inShards(part(true), rows, sums),
    rest: inShards(part(false), 0, sums),
    sums: Object.fromEntries([...sums.values()].map((sum) => [nameOf(sum), sum.shape.map(Number)])),
  };
}

/** Whether a reduction runs over the first axis. */
function sumsOverRows({ onnx }: Node): boolean {
  const axes = [...(onnx.operands?.[0]?.data ?? [])].map(Number);
  return axes.includes(0);
}

function checkRowwise(node: Node, output: Value, withRows: ReadonlySet<Value>): Value {
  const second = node.inputs[1];
  const mixesRows = node.type === "MatMul" && second !== undefined && withRows.has(second);
  if ((ROWWISE.has(node.type) || SUMS.has(node.type)) && !mixesRows) return output;
  throw new GraphError(`shard: ${node.type} is not computed row by row`);
}

function nameOf({ source }: Value): string {
  if (source.kind === "input") return source.name;
  throw new Error("internal: not an input");
}

function at(values: readonly Value[], i: number): Value {
  const value = values[i];
  if (value) return value;
  throw new Error("internal: an output was lost");
}
