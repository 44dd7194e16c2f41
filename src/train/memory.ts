/**
 * @file The memory a run will take, and took. Tensors are counted exactly. The workspace inside onnxruntime is what its programs
 * need at their peak; a session keeps that for its next run, so the programs of a step add up.
 */

import type { Model } from "../models/model.ts";
import { compile, type Program } from "../onnx/model.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { elementCount, type Shape } from "../tensor/shape.ts";
import { buildUpdate, shardSize, shardUpdate } from "./apply-programs.ts";
import type { TrainConfig } from "./config.ts";
import { vocabularySizeOf } from "./data.ts";
import type { MemoryRow, MemoryTable, ParameterPlan } from "./events.ts";
import { buildGradients, buildStatistics, buildWholeHead } from "./head-programs.ts";
import { planOf } from "./parts.ts";
import { describePlan, type Plan, planParameters } from "./plan.ts";
import { contextLengthOf, immediateParams, modelOf, type Run } from "./prepare.ts";
import { buildStage, projectionName } from "./stage-programs.ts";

/** What the memory of a run depends on. */
interface MemoryParts {
  readonly config: TrainConfig;
  readonly model: Model;
  readonly plan: Plan;
  /** Lengths of batches that occur. */
  readonly lengths: readonly number[];
  /** Resident memory before anything was allocated. */
  readonly baseBytes: number;
}

/** Node and onnxruntime, loaded and idle. */
const IDLE_BYTES = 95e6;
/** A compiled program without its workspace. */
const SESSION_BYTES = 0.4e6;

/** The prediction for a run that is prepared but has not begun. */
export const predictedMemory = ({ config, model, plan, data }: Run): MemoryTable =>
  predict({
    config,
    model,
    plan,
    lengths: data.lengths,
    baseBytes: Math.max(IDLE_BYTES, process.memoryUsage.rss() - weightBytes(model)),
  });

/** The prediction, with what the finished run took. */
export function measuredMemory(table: MemoryTable, { state, slots }: Run): MemoryTable {
  const sum = (buffers: Iterable<{ readonly bytes: number }>) =>
    [...buffers].reduce((bytes, buffer) => bytes + buffer.bytes, 0);
  const measured: Partial<Record<MemoryRow["name"], number>> = {
    weights: sum(state.weights.values()),
    accumulators: sum(state.accumulators.values()) + slots.bytesOf(isScratchAccumulator),
    "optimizer state": sum([...state.optimizer.values()].flatMap((own) => Object.values(own))),
    activations: slots.bytesOf((name) => !isScratchAccumulator(name)),
  };
  return {
    ...table,
    rows: table.rows.map((row) => {
      const bytes = measured[row.name];
      return bytes === undefined ? row : { ...row, measured: bytes };
    }),
    measuredTotal: process.resourceUsage().maxRSS * 1024,
  };
}

/**
 * The memory that options would take, without data and without running. Sequences are as long as the context.
 *
 * @throws {UsageError} if the options do not fit together.
 */
export async function predictMemory(
  config: TrainConfig,
): Promise<{ readonly table: MemoryTable; readonly parameters: readonly ParameterPlan[] }> {
  const model = await modelOf(config, await vocabularySizeOf(config));
  const plan = planParameters(model, config);
  const lengths = [contextLengthOf(config, model)];
  const table = predict({ config, model, plan, lengths, baseBytes: IDLE_BYTES });
  return { table, parameters: describePlan(plan) };
}

export const isScratchAccumulator = (slot: string): boolean => slot.includes(" acc:");

function predict(parts: MemoryParts): MemoryTable {
  const { model, plan, config, baseBytes } = parts;
  const described = describePlan(plan);
  const sum = (of: (param: ParameterPlan) => number) =>
    described.reduce((bytes, param) => bytes + of(param), 0);
  const { activations, workspace, programs } = runningBytes(parts);
  const rows: readonly MemoryRow[] = [
    { name: "weights", predicted: sum(({ weightBytes: bytes }) => bytes) },
    { name: "accumulators", predicted: accumulatorBytes(parts) },
    { name: "optimizer state", predicted: sum(({ optimizerBytes }) => optimizerBytes) },
    { name: "activations", predicted: activations },
    { name: "workspace", predicted: workspace },
    { name: "runtime", predicted: baseBytes + programs * SESSION_BYTES },
  ];
  return {
    rows,
    predictedTotal: rows.reduce((bytes, { predicted }) => bytes + predicted, 0),
    alternatives: alternatives(model, config.rank),
  };
}

/** Persistent accumulators, and for immediate updates those of one stage of each kind. */
function accumulatorBytes({ model, plan, config }: MemoryParts): number {
  const immediate = immediateParams(model, config);
  const bytesOf = (name: string) => tensorBytes("float32", planOf(plan, name).accumulator.shape);
  const persistent = [...model.params.keys()].filter((name) => !immediate.has(name));
  const scratch = new Map<string, number>();
  for (const { kind, params } of model.stages) {
    for (const [local, name] of Object.entries(params)) {
      if (!immediate.has(name)) continue;
      scratch.set(
        `${kind} ${local}`,
        Math.max(scratch.get(`${kind} ${local}`) ?? 0, bytesOf(name)),
      );
    }
  }
  return [...persistent.map(bytesOf), ...scratch.values()].reduce((sum, bytes) => sum + bytes, 0);
}

interface RunningBytes {
  readonly activations: number;
  readonly workspace: number;
  readonly programs: number;
}

function runningBytes(parts: MemoryParts): RunningBytes {
  const { lengths } = parts;
  const longest = Math.max(...lengths);
  const atLongest = stepAt(parts, longest);
  // Programs of shorter batches have sessions of their own; their workspace shrinks with the length.
  const share = lengths.reduce((total, length) => total + length / longest, 0);
  return {
    activations: atLongest.slots,
    workspace: atLongest.kept * share + atLongest.transient,
    programs: atLongest.programs * lengths.length,
  };
}

/** The memory of a step whose batches are `length` long. */
function stepAt({ config, model, plan }: MemoryParts, length: number) {
  const { batchSize, recompute, vocabularyChunk } = config;
  const tokens = batchSize * length;
  const slots = new Map<string, number>();
  const programs = new Map<string, Program>();
  const transient: Program[] = [];
  const slot = (name: string, shape: Shape, bytesEach = 4) =>
    slots.set(name, Math.max(slots.get(name) ?? 0, elementCount(shape) * bytesEach));

  slot("ids", [tokens]);
  for (const [index, stage] of model.stages.entries()) {
    const plans = Object.fromEntries(
      Object.entries(stage.params).map(([local, name]) => [local, planOf(plan, name)]),
    );
    const first = index === 0;
    const x = first
      ? ({ dtype: "int32", shape: [batchSize, length] } as const)
      : ({ dtype: "float32", shape: [batchSize, length, model.width] } as const);
    const key = `${stage.kind} ${Object.values(plans)
      .map((each) => each.key)
      .join()}`;
    const made = buildStage(stage, { x, plans, recompute });
    programs.set(`${key} forward`, made.forward);
    programs.set(`${key} evaluate`, made.evaluate);
    programs.set(`${key} backward`, made.backward);
    slot(`x ${index + 1}`, made.y.shape);
    if (!first) slot(`dx ${index % 2}`, x.shape);
    for (const [name, { shape }] of Object.entries(made.residuals)) slot(`${index} ${name}`, shape);
    for (const name of made.masks.keys()) slot(name, made.backward.inputs[name]?.shape ?? [0], 1);
    for (const [local, { gradientProjection: p }] of Object.entries(plans)) {
      if (p) slot(projectionName(local), [p.rank, p.dimension]);
    }
  }

  const head = planOf(plan, model.head);
  const chunks = Math.ceil(model.vocabularySize / vocabularyChunk);
  const shape = { tokens, width: model.width, rows: Math.ceil(model.vocabularySize / chunks) };
  if (chunks === 1) programs.set("head", buildWholeHead(shape, head));
  else transient.push(buildStatistics(shape), buildGradients(shape, head));
  slot("dHidden", [tokens, model.width]);
  for (const name of ["token weights", "targets"]) slot(name, [tokens]);
  if (chunks > 1) {
    for (const name of ["peak", "sum", "target logit"]) {
      slot(name, [tokens]);
      slot(`next ${name}`, [tokens]);
    }
  }
  if (head.gradientProjection) {
    const { rank, dimension } = head.gradientProjection;
    slot("A head", [rank, dimension]);
  }

  let largestUpdate = 0;
  const updates = new Map([...plan.values()].map((param) => [param.key, param]));
  for (const param of updates.values()) {
    const update = buildUpdate(param);
    const rows = shardSize(param);
    const program = compile(
      rows === undefined ? update.outputs : shardUpdate(param, update).rows(rows),
    );
    // The answer of a run holds copies of its outputs until they are collected.
    largestUpdate = Math.max(largestUpdate, program.workspaceBytes + outputBytes(program));
    if (param.projection) slot("A", [param.projection.rank, param.projection.dimension]);
  }
  const kept = [...programs.values()].reduce((sum, program) => sum + program.workspaceBytes, 0);
  const copies = Math.max(...[...programs.values()].map(outputBytes));
  const largestChunk = Math.max(0, ...transient.map((program) => program.workspaceBytes));
  return {
    slots: [...slots.values()].reduce((sum, bytes) => sum + bytes, 0),
    kept,
    transient: Math.max(largestUpdate, largestChunk + copies),
    programs: programs.size + transient.length + updates.size,
  };
}

const outputBytes = ({ outputs }: Program): number =>
  Object.values(outputs).reduce((sum, { shape }) => sum + elementCount(shape) * 4, 0);

const weightBytes = (model: Model): number =>
  [...model.params.values()].reduce((sum, { shape }) => sum + tensorBytes("float32", shape), 0);

/** Weights, gradients and optimizer state under the usual methods (method.md, section 9). */
function alternatives(model: Model, rank: number): MemoryTable["alternatives"] {
  const weights = weightBytes(model);
  const matrices = [...model.params.values()].filter(({ role }) => role === "matrix");
  const adapters = matrices.reduce(
    (sum, { shape }) => sum + 4 * rank * shape.reduce((dims, dim) => dims + dim, 0),
    0,
  );
  return [
    { name: "AdamW", bytes: weights * 4 },
    { name: `LoRA ${rank} with AdamW`, bytes: weights + adapters * 4 },
  ];
}
