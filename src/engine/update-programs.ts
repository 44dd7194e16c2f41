/**
 * @file The programs that act on one parameter at a time; parameters of one shape and treatment share them.
 *
 *   apply      (param, acc, A, state, scalars)  -> param', state'
 *   norm       (acc)                            -> ‖acc‖²
 *   transfer   (M, A_old, A_new)                -> M'
 *   decay      (acc)                            -> acc'         β acc, where a momentum is carried in it
 *   compress   (G, A)                           -> acc'         for a subspace that was learned from G
 *   product    (G, X)                           -> G X, Gᵀ X    for a subspace to be learned from
 *   sum        (acc)                            -> G
 *   place      (x, 0)                           -> x            as rows of a larger tensor
 */

import { hasMaster, type ParamTraining } from "./parts/param-plan.ts";
import { GraphError } from "../errors.ts";
import { accumulateInto } from "./parts/accumulate.ts";
import { accumulatorName, nextName } from "./parts/names.ts";
import { mapTensors, type Tensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import { add, cast, mul } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose } from "../ops/movement.ts";
import { sumSquares } from "../ops/reduce.ts";
import { type ShardedGraph, shardRows } from "../ops/passes/shard.ts";
import { matrixOperations } from "../onnx/analysis.ts";
import { compile, optimize, type Program } from "../onnx/model.ts";
import type { Accumulator } from "../compress/accumulator.ts";
import type { Transfer } from "../optim/transform.ts";
import { matrixShape, type Projection, transfer, transferMean } from "../compress/projection.ts";
import { roundStochastically, roundToNearest, type WeightDType } from "../optim/rounding.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { elementCount } from "../tensor/shape.ts";

/** A scalar fed at every step: a function of the step, counted from 1. */
export type StepScalars = ReadonlyMap<string, (step: number) => number>;

export interface Update {
  /** Outputs `param'` and the next state, in terms of the inputs below. */
  readonly outputs: Tensors;
  readonly scalars: StepScalars;
}

const scalar = (name: string): Value => input(name, "float32", []);

/** An accumulator's tensors under the names of these programs. */
export const accumulatorFeeds = (tensors: Buffers): Record<string, Buffer> =>
  Object.fromEntries(
    Object.entries(tensors).map(([key, buffer]) => [accumulatorName(PARAM, key), buffer]),
  );

/** The name of the parameter of these programs. */
const PARAM = "param";

/** An accumulator that is fed. */
const accumulatorInputs = ({ state }: Accumulator): Tensors =>
  mapTensors(state, ({ dtype = "float32", shape }, key) =>
    input(accumulatorName(PARAM, key), dtype, shape),
  );

/** The sum in it. */
const accumulatedSum = (accumulator: Accumulator): Value =>
  accumulator.sum(accumulatorInputs(accumulator));

/** A parameter that is updated, or those of its rows that are trained: the shape, and how. */
export interface Updatable {
  readonly shape: readonly number[];
  /** How it is kept. */
  readonly dtype: WeightDType;
  readonly training: ParamTraining;
}

/** Whether an update is rounded at random. */
export const takesNoise = ({ dtype, training }: Pick<Updatable, "dtype" | "training">): boolean =>
  dtype !== "float32" && training.weightUpdate === "stochastic";

/**
 * The update of one parameter. Inputs besides `param` (or `master`, its copy in float32), the accumulator and the state by name: `A`
 * if it is compressed, `learningRate`, `gradientScale` (what turns the sum in the accumulator into the mean gradient, clipped), the
 * scalars, `chance` where the rule asks for it, and `noise` (uint16) where the result is rounded at random.
 */
export function buildUpdate(updatable: Updatable): Update {
  const { shape: paramShape, dtype, training } = updatable;
  const { accumulator, compression, rule, state } = training;
  const projection = compression?.projection;
  const scalars = new Map<string, (step: number) => number>();
  const isCopied = hasMaster(dtype, training);
  const param = isCopied
    ? input("master", "float32", paramShape)
    : cast(input("param", dtype, paramShape), "float32");
  const stateInputs: Tensors = mapTensors(state, ({ shape }, name) =>
    input(name, "float32", shape),
  );
  const result = rule.update(
    mul(accumulatedSum(accumulator), scalar("gradientScale")),
    projection && projectionMatrix("A", projection),
    stateInputs,
    {
      param,
      learningRate: scalar("learningRate"),
      stepScalar(name, ofStep) {
        scalars.set(name, ofStep);
        return scalar(name);
      },
      chance: () => scalar("chance"),
    },
  );
  const next = Object.entries(result.state).map(([name, value]) => [nextName(name), value]);
  const updated = add(param, result.update);
  return {
    outputs: {
      "param'": stored(updated, updatable),
      ...(isCopied && { "master'": updated }),
      ...Object.fromEntries(next),
    },
    scalars,
  };
}

/** A parameter as it is kept. */
function stored(x: Value, { shape, dtype, training }: Updatable): Value {
  if (dtype === "float32") return x;
  return takesNoise({ dtype, training })
    ? roundStochastically(x, input("noise", "uint16", shape), dtype)
    : roundToNearest(x, dtype);
}

/** What is updated at a time stays in the cache of a core: an optimizer goes over it a dozen times. */
const SHARD_BYTES = 1e6;
/** Rows that are coupled by sums need passes over all of them: they pay from here on, where a whole matrix is not in the cache. */
const COUPLED_FROM_BYTES = 4e6;
/** From here on memory asks for shards, whatever passes compute anew. */
const HUGE_FROM_BYTES = 32e6;
/** How many more multiplications than the whole matrix, for each element, its shards may take: half of what staying in the cache saves. */
const SPARED_MULTIPLICATIONS = 64;

/** An update in shards of rows. */
export interface ShardedUpdate {
  readonly graph: ShardedGraph;
  /** Rows of a shard, but for the last. */
  readonly size: number;
}

/**
 * The update of a large parameter in shards of rows; undefined where it is small, its rows are coupled so that shards take longer, or what
 * is updated is still read afterwards.
 */
export function shardUpdate(updatable: Updatable, update: Update): ShardedUpdate | undefined {
  const size = shardSize(updatable);
  if (size === undefined) return undefined;
  try {
    const graph = shardedGraph(updatable, update);
    const isCoupled = graph.passes.length > 0;
    if (isCoupled && takesLonger(updatable, update, { graph, size })) return undefined;
    return isInPlace(compile(graph.rows(size))) ? { size, graph } : undefined;
  } catch (error) {
    // A whole-matrix program, as one that multiplies over rows: it takes more memory, and is right.
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

/** Whether coupled shards compute more anew than they save by staying in the cache. */
function takesLonger(
  { shape }: Updatable,
  { outputs }: Update,
  { graph, size }: ShardedUpdate,
): boolean {
  const bytes = tensorBytes("float32", shape);
  if (bytes < COUPLED_FROM_BYTES || bytes >= HUGE_FROM_BYTES) return bytes < COUPLED_FROM_BYTES;
  const multiplications = (tensors: Tensors) =>
    matrixOperations(optimize(Object.values(tensors))) / 2;
  const [rows = 0] = shape;
  const ofShard = [...graph.passes, graph.rows].reduce(
    (sum, pass) => sum + multiplications(pass(size)),
    0,
  );
  const more = (ofShard * rows) / size - multiplications(outputs);
  return more > SPARED_MULTIPLICATIONS * elementCount(shape);
}

/** Whether all that a program updates may be written over what it was. */
const isInPlace = ({ inputs, outputs, mayOverwrite }: Program): boolean =>
  Object.keys(inputs).every(
    (name) => !(nextName(name) in outputs) || mayOverwrite(nextName(name), name),
  );

function shardSize({ shape, training }: Updatable): number | undefined {
  const [rows = 0, columns = 0] = shape;
  const large = shape.length === 2 && tensorBytes("float32", shape) >= 2 * SHARD_BYTES;
  // Blocks of eight bits are no rows, even where there are as many.
  const inRows = Object.values(training.accumulator.state).every(
    (spec) => spec.shape[0] === rows && spec.dtype !== "int8",
  );
  if (!large || !inRows || training.compression?.projection.side === "rows") return undefined;
  const shards = Math.ceil((rows * columns * 4) / SHARD_BYTES);
  return Math.ceil(rows / shards);
}

/** The update in shards of rows. @throws {GraphError} if rows are coupled otherwise than by sums. */
export function shardedGraph(
  { shape: paramShape, training }: Updatable,
  { outputs }: Update,
): ShardedGraph {
  const [rows] = paramShape;
  const { accumulator, state } = training;
  const accumulated = Object.entries(accumulator.state).map(
    ([key, spec]) => [accumulatorName(PARAM, key), spec] as const,
  );
  const shapes = {
    ...Object.fromEntries(
      ["param", "master", "noise"].map((name) => [name, { shape: paramShape }] as const),
    ),
    ...Object.fromEntries(accumulated),
    ...state,
  };
  const sharded = Object.entries(shapes).filter(([, { shape }]) => shape[0] === rows);
  const plain = optimize(Object.values(outputs));
  return shardRows(
    Object.fromEntries(
      Object.keys(outputs).flatMap((name, i) => (plain[i] ? [[name, plain[i]]] : [])),
    ),
    new Set(sharded.map(([name]) => name)),
  );
}

/** A tensor that is written where another program may not, among the rows of a larger one: x + 0, the 0 from outside. */
export function buildPlacing(dtype: DType, shape: readonly number[]): Program {
  const x = cast(input("x", dtype, shape), "float32");
  return compile({ "x'": cast(add(x, scalar("zero")), dtype) });
}

/** The sum in an accumulator. */
export const buildSum = (accumulator: Accumulator): Program =>
  compile({ G: accumulatedSum(accumulator) });

/** G X of X [m, k], or Gᵀ X of X [n, k]. */
export function buildProduct(
  shape: readonly number[],
  width: number,
  isTransposed: boolean,
): Program {
  const gradient = input("G", "float32", shape);
  const [rows = 0, columns = 0] = shape;
  const x = input("X", "float32", [isTransposed ? rows : columns, width]);
  return compile({ Y: matmul(isTransposed ? matrixTranspose(gradient) : gradient, x) });
}

/** The squared norm of the sum in an accumulator. */
export const buildNorm = (accumulator: Accumulator): Program =>
  compile({ squaredNorm: sumSquares(accumulatedSum(accumulator)) });

/** An accumulator of which a share stays for the next step. */
export function buildDecay(accumulator: Accumulator, share: number): Program {
  const next = accumulator.decayed(accumulatorInputs(accumulator), share);
  return compile(
    Object.fromEntries(
      Object.entries(next).map(([key, value]) => [nextName(accumulatorName(PARAM, key)), value]),
    ),
  );
}

/** Compressed state taken from one projection to the next. */
export function buildTransfer(
  kind: Extract<Transfer, "move" | "mean">,
  shape: readonly number[],
  projection: Projection,
): Program {
  const momentum = input("M", "float32", shape);
  if (kind === "mean") return compile({ "M'": transferMean(momentum, projection) });
  const [from, to] = [projectionMatrix("A_old", projection), projectionMatrix("A_new", projection)];
  return compile({ "M'": transfer(momentum, from, to, projection) });
}

/** The whole gradient of a step in its compressed accumulator, which was empty. */
export function buildCompress({ shape, training }: Updatable): Program {
  const gradient = input("G", "float32", shape);
  return compile(
    accumulateInto(PARAM, training.gradientProjection, training.accumulator, gradient),
  );
}

const projectionMatrix = (name: string, projection: Projection): Value =>
  input(name, "float32", matrixShape(projection));
