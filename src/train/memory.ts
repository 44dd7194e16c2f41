/**
 * @file The memory a run will take, and took. Tensors are counted exactly. The workspace inside onnxruntime is what its programs
 * need at their peak; a session keeps that for its next run, so the programs of a step add up.
 */

import { planOf, type Plan } from "../engine/param-plan.ts";
import type { FileStore } from "../host/host.ts";
import { headRows, type InputTypes, type Model } from "../models/model.ts";
import { compile, type Program } from "../onnx/model.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { elementCount, type Shape } from "../tensor/shape.ts";
import { stateBytes } from "../optim/transform.ts";
import type { Buffers } from "../runtime/runtime.ts";
import {
  buildUpdate,
  shardSize,
  shardUpdate,
  takesNoise,
  type Updatable,
} from "../engine/update-programs.ts";
import type { TrainConfig } from "../options/config.ts";
import { vocabularySizeOf } from "../tasks/load.ts";
import { batchTypes } from "../tasks/encoder.ts";
import type { MemoryRow, MemoryTable, ParameterPlan } from "../runs/events.ts";
import { buildGradients, buildStatistics, buildWholeHead } from "../engine/head-programs.ts";
import { traineeOf } from "./method.ts";
import { chainOf } from "../engine/stages.ts";
import { describePlan } from "./plan.ts";
import { contextLengthOf, immediateParams, modelOf, type Run } from "./prepare.ts";
import { buildPairGradients } from "../engine/similarity-head.ts";
import { MEMORY_COTANGENT, projectionName } from "../engine/stage-programs.ts";

/** What the memory of a run depends on. */
interface MemoryParts {
  readonly config: TrainConfig;
  readonly model: Model;
  readonly plan: Plan;
  /** The shapes of batches that occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** What the examples take, where that is much. */
  readonly dataBytes?: number | undefined;
  /** Resident memory before anything was allocated. */
  readonly baseBytes: number;
}

/** Node and onnxruntime, loaded and idle. */
const IDLE_BYTES = 110e6;
/** A compiled program without its workspace. */
const SESSION_BYTES = 0.5e6;

/** The prediction for a run that is prepared but has not begun. */
export const predictedMemory = ({ host, config, model, plan, data }: Run): MemoryTable =>
  predict({
    config,
    model,
    plan,
    shapes: data.shapes,
    dataBytes: data.bytes,
    baseBytes: Math.max(
      IDLE_BYTES,
      host.memory.residentBytes() - restingBytes(plan) - (data.bytes ?? 0),
    ),
  });

/** The prediction, with what the finished run took. */
export function measuredMemory(table: MemoryTable, { host, state, slots, data }: Run): MemoryTable {
  const sum = (buffers: Iterable<{ readonly bytes: number }>) =>
    [...buffers].reduce((bytes, buffer) => bytes + buffer.bytes, 0);
  const sumAll = (states: ReadonlyMap<string, Buffers>) =>
    sum([...states.values()].flatMap((own) => Object.values(own)));
  const measured: Partial<Record<MemoryRow["name"], number>> = {
    weights: sum(state.weights.values()),
    accumulators: sumAll(state.accumulators) + slots.bytesOf(isScratchAccumulator),
    "optimizer state": sumAll(state.optimizer) + sum(state.masters.values()),
    activations: slots.bytesOf((name) => !isScratchAccumulator(name)),
    ...(data.bytes !== undefined && { images: data.bytes }),
  };
  return {
    ...table,
    rows: table.rows.map((row) => {
      const bytes = measured[row.name];
      return bytes === undefined ? row : { ...row, measured: bytes };
    }),
    measuredTotal: host.memory.peakBytes(),
  };
}

/**
 * The memory that options would take, without data and without running. Sequences are as long as the context.
 *
 * @throws {UsageError} if the options do not fit together.
 */
export async function predictMemory(
  files: FileStore,
  config: TrainConfig,
): Promise<{ readonly table: MemoryTable; readonly parameters: readonly ParameterPlan[] }> {
  const base = await modelOf(files, config, {
    vocabularySize: await vocabularySizeOf(files, config),
  });
  const { model, plan } = traineeOf(base, config);
  const { batchSize } = config;
  const shapes = [batchTypes(model, { batchSize, length: contextLengthOf(config, model) })];
  const table = predict({ config, model, plan, shapes, baseBytes: IDLE_BYTES });
  return { table, parameters: describePlan(plan) };
}

const isScratchAccumulator = (slot: string): boolean => slot.includes(" acc:");

function predict(parts: MemoryParts): MemoryTable {
  const { model, plan, baseBytes, dataBytes } = parts;
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
    ...(dataBytes === undefined ? [] : [{ name: "images" as const, predicted: dataBytes }]),
    { name: "runtime", predicted: baseBytes + programs * SESSION_BYTES },
  ];
  return {
    rows,
    predictedTotal: rows.reduce((bytes, { predicted }) => bytes + predicted, 0),
    alternatives: alternatives(model),
  };
}

/** Persistent accumulators, and for immediate updates those of one stage of each kind. */
function accumulatorBytes({ model, plan, config }: MemoryParts): number {
  const immediate = immediateParams({ model, plan }, config);
  const bytesOf = (name: string) => {
    const { training } = planOf(plan, name);
    return training ? stateBytes(training.accumulator.state) : 0;
  };
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

/** What an arena holds beside what its program needs at once: it grows by doubling. */
const ARENA_GROWTH = 1.8;
/** What the heap keeps of the memory that other programs freed, in units of the largest of them. */
const HEAP_RETENTION = 3;
/** Copies of outputs that are not collected yet. */
const COPIES_BYTES = 40e6;

function runningBytes(parts: MemoryParts): RunningBytes {
  const { shapes } = parts;
  const slots = new Map<string, number>();
  const stages = stagePrograms(parts, shapes.at(-1) ?? {}, slots);
  const head = headPrograms(parts, stages.y, slots);
  const updates = updatePrograms(parts, slots);

  const usesArenas = shapes.length <= 2;
  const kept = usesArenas ? [...stages.blocks, ...head.whole] : [];
  const fresh = [
    ...stages.others,
    ...head.chunks,
    ...updates,
    ...(usesArenas ? [] : [...stages.blocks, ...head.whole]),
  ];
  const sum = (programs: readonly Program[]) =>
    programs.reduce((bytes, { workspaceBytes }) => bytes + workspaceBytes, 0);
  const largest = Math.max(0, ...fresh.map(({ workspaceBytes }) => workspaceBytes));
  return {
    activations: [...slots.values()].reduce((bytes, slot) => bytes + slot, 0),
    workspace: ARENA_GROWTH * sum(kept) + HEAP_RETENTION * largest + COPIES_BYTES,
    programs: (kept.length + fresh.length) * shapes.length,
  };
}

type Slots = Map<string, number>;

/** A slot has the size of the largest tensor it has held. */
function hold(slots: Slots, name: string, shape: Shape, bytesEach = 4): void {
  slots.set(name, Math.max(slots.get(name) ?? 0, elementCount(shape) * bytesEach));
}

/** The programs of all stages for batches of one shape, those of the blocks apart, the last output, and the slots that they use. */
function stagePrograms({ config, model, plan }: MemoryParts, inputs: InputTypes, slots: Slots) {
  const blocks = new Map<string, Program>();
  const others = new Map<string, Program>();
  for (const [name, { shape }] of Object.entries(inputs)) hold(slots, name, shape);
  const links = chainOf({ model, plan, recompute: config.recompute })(inputs);
  for (const { stage, index, key, made, x, plans } of links) {
    const programs = stage.attends ? blocks : others;
    programs.set(`${key} forward`, made.forward);
    if (made.backward) programs.set(`${key} backward`, made.backward);
    hold(slots, `x ${index + 1}`, made.y.shape);
    if (made.backward?.outputs["dx"]) hold(slots, `dx ${index % 2}`, x.shape);
    if (index === model.memory && made.backward) hold(slots, MEMORY_COTANGENT, made.y.shape);
    for (const [name, { shape }] of Object.entries(made.residuals)) {
      hold(slots, `${index} ${name}`, shape);
    }
    for (const name of made.masks.keys()) {
      hold(slots, name, made.backward?.inputs[name]?.shape ?? [0], 1);
    }
    for (const [local, { training }] of Object.entries(plans)) {
      const p = training?.gradientProjection;
      if (p) hold(slots, projectionName(local), [p.rank, p.dimension]);
    }
  }
  const y = links.at(-1)?.made.y.shape ?? [0];
  return { blocks: [...blocks.values()], others: [...others.values()], y };
}

function headPrograms({ config, model, plan }: MemoryParts, hidden: Shape, slots: Slots) {
  const { width, head } = model;
  const tokens = elementCount(hidden) / width;
  if (!head) {
    hold(slots, "dHidden", [tokens, width]);
    return { whole: [buildPairGradients({ pairs: tokens / 2, width })], chunks: [] };
  }
  const weight = planOf(plan, head.weight).training;
  const bias = head.bias === undefined ? undefined : planOf(plan, head.bias).training;
  const training = { ...(weight && { weight }), ...(bias && { bias }) };
  const rows = headRows(model);
  const count = Math.ceil(rows / config.vocabularyChunk);
  const { dtype } = planOf(plan, head.weight);
  const params = { weight: dtype, ...(head.bias !== undefined && { bias: "float32" as const }) };
  const { softcap } = head;
  const shape = { tokens, width, rows: Math.ceil(rows / count), softcap, params };
  hold(slots, "dHidden", [tokens, width]);
  for (const name of ["token weights", "targets"]) hold(slots, name, [tokens]);
  if (weight?.gradientProjection) {
    const { rank, dimension } = weight.gradientProjection;
    hold(slots, "A head", [rank, dimension]);
  }
  if (count === 1) return { whole: [buildWholeHead(shape, training)], chunks: [] };
  for (const name of ["peak", "sum", "target logit"]) {
    hold(slots, name, [tokens]);
    hold(slots, `next ${name}`, [tokens]);
  }
  return { whole: [], chunks: [buildStatistics(shape), buildGradients(shape, training)] };
}

function updatePrograms({ plan }: MemoryParts, slots: Slots): readonly Program[] {
  const params = new Map<string, Updatable>();
  for (const { key, spec, dtype, training } of plan.values()) {
    if (training) params.set(key, { shape: spec.shape, dtype, training });
  }
  return [...params.values()].map((param) => {
    const update = buildUpdate(param);
    const rows = shardSize(param);
    const { projection } = param.training;
    if (takesNoise(param)) hold(slots, "noise", [rows ?? 1, ...param.shape.slice(1)], 2);
    if (projection) hold(slots, "A", [projection.rank, projection.dimension]);
    return compile(rows === undefined ? update.outputs : shardUpdate(param, update).rows(rows));
  });
}

/** Bytes of the weights at rest. */
const restingBytes = (plan: Plan): number =>
  describePlan(plan).reduce((sum, { weightBytes: bytes }) => sum + bytes, 0);

const weightBytes = (model: Model): number =>
  [...model.params.values()].reduce((sum, { shape }) => sum + tensorBytes("float32", shape), 0);

/** Rank of the adapters that other methods are compared with. */
const USUAL_RANK = 8;

/** Weights, gradients and optimizer state under the usual methods. */
function alternatives(model: Model): MemoryTable["alternatives"] {
  const weights = weightBytes(model);
  const matrices = [...model.params.values()].filter(({ role }) => role === "matrix");
  const adapters = matrices.reduce(
    (sum, { shape }) => sum + 4 * USUAL_RANK * shape.reduce((dims, dim) => dims + dim, 0),
    0,
  );
  return [
    { name: "AdamW", bytes: weights * 4 },
    { name: `LoRA ${USUAL_RANK} with AdamW`, bytes: weights + adapters * 4 },
  ];
}
