/**
 * @file A graph over matrices with many rows, computed a few rows at a time.
 *
 * What is elementwise in rows needs only its own rows; sums over rows couple them, and so do products Xᵀ Y and the largest magnitude. Each
 * of these is cut out and becomes a pass of its own over the shards, which puts partial ones together; those that need others come in later
 * passes. The last pass computes the rows of the outputs, and what has no rows is computed once, at the end.
 */

import { GraphError } from "../../errors.ts";
import { type Tensors, tensorAt } from "../../graph/tensors.ts";
import { graphInputs, substitute, topologicalOrder } from "../../graph/topology.ts";
import { input, type Node, producer, type Value } from "../../graph/value.ts";
import { add, max } from "../elementwise.ts";

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

/** How partial results are put together; both begin with zeros. */
type Combine = (before: Value, partial: Value) => Value;

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
  const combines = new Map<Value, Combine>();
  /** Matrices whose columns come in shards. */
  const turned = new Set<Value>();
  for (const node of topologicalOrder(values)) {
    const before = Math.max(0, ...node.inputs.map((value) => depth.get(value) ?? 0));
    const coupled = node.inputs.some((value) => withRows.has(value) || turned.has(value));
    const combine = coupled ? combineOver(node, { withRows, turned }) : undefined;
    for (const output of node.outputs) {
      depth.set(output, before + (combine ? 1 : 0));
      if (combine) {
        sums.set(output, input(`sum:${sums.size}`, output.dtype, output.shape));
        combines.set(output, combine);
      } else if (coupled && isTurn(node, withRows)) turned.add(output);
      else if (coupled) withRows.add(checkRowwise(node, output, { withRows, turned }));
    }
  }

  if (values.some((value) => turned.has(value))) {
    throw new GraphError("shard: a transpose is not computed row by row");
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
        now.map(([value, sum]) => {
          const name = nextSum(nameOf(sum));
          const combine = combines.get(value) ?? add;
          return [name, combine(sum, tensorAt(partial, name))];
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

/** Values that come in shards: of rows, and of columns. */
interface Sharded {
  readonly withRows: ReadonlySet<Value>;
  readonly turned: ReadonlySet<Value>;
}

/** How a node that couples rows is put together from shards; undefined if it does not couple them so. */
function combineOver(node: Node, { withRows, turned }: Sharded): Combine | undefined {
  const { type } = node;
  const [a, b] = node.inputs;
  if (SUMS.has(type)) return runsOverRows(node) ? add : undefined;
  if (type === "MatMul" && a && b && turned.has(a) && withRows.has(b)) return add;
  // Zeros are no larger than any magnitude.
  const isMagnitude = type === "ReduceMax" && a !== undefined && producer(a)?.type === "Abs";
  return isMagnitude && runsOverRows(node) ? max : undefined;
}

/** Whether a node turns rows in shards into columns. */
const isTurn = ({ type, inputs: [x] }: Node, withRows: ReadonlySet<Value>): boolean =>
  type === "Transpose" && x !== undefined && x.shape.length === 2 && withRows.has(x);

/** Whether a reduction runs over the first axis. */
function runsOverRows({ onnx }: Node): boolean {
  const axes = [...(onnx.operands?.[0]?.data ?? [])].map(Number);
  return axes.includes(0);
}

function checkRowwise(node: Node, output: Value, { withRows, turned }: Sharded): Value {
  const second = node.inputs[1];
  const mixesRows = node.type === "MatMul" && second !== undefined && withRows.has(second);
  const readsColumns = node.inputs.some((value) => turned.has(value));
  const isRowwise = ROWWISE.has(node.type) || SUMS.has(node.type);
  if (isRowwise && !mixesRows && !readsColumns) return output;
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
