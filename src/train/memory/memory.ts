/**
 * @file The memory a run will take, and took. One step is run on a runtime that only counts: tensors are exact. The workspace inside
 * onnxruntime is what its programs need at their peak; a session keeps that for its next run, so the programs of a step add up.
 */

import type { RunParts } from "../setup/prepare.ts";
import type { Run } from "../setup/run.ts";
import { contextLengthOf, modelOf } from "../setup/model.ts";
import { mergeSchedule } from "../setup/merge-schedule.ts";
import { mergedWeights } from "../../adapters/merge.ts";
import { isAdapterMethod } from "../../adapters/methods.ts";
import { vocabularySizeOf } from "../../tasks/reading/tokenizer.ts";
import { type Engine, openEngine } from "../../engine/engine.ts";
import { isScratchSlot } from "../../engine/parts/names.ts";
import type { Recompute } from "../../autodiff/index.ts";
import type { FileStore } from "../../host/host.ts";
import type { InputTypes, Model } from "../../models/model.ts";
import type { TrainConfig } from "../../options/config.ts";
import { settle, type SettledConfig } from "../choices/settle.ts";
import type { MemoryRow, MemoryTable } from "../../runs/events.ts";
import { type CountedProgram, countingRuntime } from "../../runtime/counting.ts";
import { onDisk } from "../../runtime/disk/on-disk.ts";
import { tensorBytes } from "../../tensor/host-tensor.ts";
import { batchTypes } from "../../tasks/encoder.ts";
import { countedBatch, type CountedRows, countedRowsOf } from "./counted-batch.ts";
import { namedObjective } from "../choices/objective.ts";
import { mergeAdapters } from "../setup/merge.ts";
import { leavesAdapters, type Trainee, traineeOf } from "../setup/method.ts";
import { describePlan, type ParameterPlan } from "../../engine/plan.ts";

/** What the memory of a run depends on. */
export interface MemoryParts {
  readonly config: SettledConfig;
  readonly trainee: Trainee;
  /** The shapes of batches that occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** What the examples take, where that is much. */
  readonly dataBytes?: number | undefined;
  /** What a teacher says of them. */
  readonly teacherBytes?: number | undefined;
  /** What batches add whose rows do not all count; nothing if absent. */
  readonly countedRows?: CountedRows | undefined;
  /** Resident memory before anything was allocated. */
  readonly baseBytes: number;
  /** Whether gradients wait for those of other ranks; false if absent. */
  readonly holdGradients?: boolean;
}

/** Node and onnxruntime, loaded and idle. */
export const IDLE_BYTES = 110e6;
/** A compiled program without its workspace. */
const SESSION_BYTES = 0.5e6;

/** The prediction, with what the finished run took. */
export function measuredMemory(
  table: MemoryTable,
  { config, context, data, engine }: Run,
): MemoryTable {
  const measured: Partial<Record<MemoryRow["name"], number>> = {
    ...allocatedBytes(engine, config),
    "whole gradients": engine.wholeGradientBytes,
    ...(data.bytes !== undefined && { images: data.bytes }),
  };
  return {
    ...table,
    rows: table.rows.map((row) => {
      const bytes = measured[row.name];
      return bytes === undefined ? row : { ...row, measured: bytes };
    }),
    measuredTotal: context.host.memory.peakBytes(),
  };
}

/** What options would take, and of which model. */
export interface PredictedMemory {
  readonly table: MemoryTable;
  readonly parameters: readonly ParameterPlan[];
  readonly model: Model;
}

/**
 * The memory that options would take, without data and without running. Sequences are as long as the context.
 *
 * @throws {UsageError} if the options do not fit together.
 */
export async function predictMemory(
  files: FileStore,
  given: TrainConfig,
): Promise<PredictedMemory> {
  const base = await modelOf(files, given, {
    vocabularySize: await vocabularySizeOf(files, given),
  });
  const config = settle(given, base);
  const trainee = traineeOf(base, config);
  const { model, plan } = trainee;
  // Two answers each.
  const batchSize = config.task === "preference" ? 2 * config.batchSize : config.batchSize;
  const shapes = [batchTypes(model, { batchSize, length: contextLengthOf(config, model) })];
  const { table } = await predictChosen({ config, trainee, shapes, baseBytes: IDLE_BYTES });
  return { table, parameters: describePlan(plan), model };
}

/** The same of a run whose data are there. */
export async function memoryOf(run: RunParts): Promise<PredictedMemory> {
  const { table } = await predictChosen(memoryPartsOf(run, IDLE_BYTES));
  return { table, parameters: describePlan(run.plan), model: run.model };
}

/** What the memory of a run whose data are there depends on. */
export const memoryPartsOf = (run: RunParts, baseBytes: number): MemoryParts => ({
  config: run.config,
  trainee: run,
  shapes: run.data.shapes,
  dataBytes: run.data.bytes,
  teacherBytes: teacherBytesOf(run),
  countedRows: countedRowsOf(run),
  baseBytes,
});

/** A token and its share, in sixteen bits. */
const SAID_BYTES = 6;

/** What a teacher says of the targets of an epoch. */
function teacherBytesOf({ config, data }: Pick<RunParts, "config" | "data">): number | undefined {
  const { training } = data;
  if (config.teacher === undefined || training.batchesPerEpoch === undefined) return undefined;
  let targets = 0;
  for (let position = 0; position < training.batchesPerEpoch; position++) {
    for (const weight of training.batchAt(position).weights) if (weight !== 0) targets += 1;
  }
  return targets * config.teacherTokens * SAID_BYTES;
}

/** What an engine holds, by the rows of the table. */
function allocatedBytes({ parts, state }: Engine, { syncEvery }: Pick<SettledConfig, "syncEvery">) {
  const sum = (buffers: Iterable<{ readonly bytes: number }>) =>
    [...buffers].reduce((bytes, buffer) => bytes + buffer.bytes, 0);
  const sumAll = (states: Engine["state"]["optimizer"]) =>
    sum([...states.values()].flatMap((own) => Object.values(own)));
  const { runtime, slots } = parts;
  // The weights of the last meeting of ranks, and the momentum of what they average.
  const trained = [...state.weights].flatMap(([name, buffer]) =>
    state.optimizer.has(name) ? [buffer] : [],
  );
  const outer = syncEvery === 1 ? 0 : 2 * sum(trained);
  return {
    weights: runtime.disk?.bytesInMemory ?? sum(state.weights.values()),
    accumulators: sumAll(state.accumulators) + slots.bytesOf(isScratchSlot),
    "optimizer state":
      sumAll(state.optimizer) +
      (runtime.disk ? 0 : sum(state.masters.values())) +
      sum(state.subspaces.values()) +
      outer,
    activations: slots.bytesOf((slot) => !isScratchSlot(slot)),
  };
}

/** What a run will take. */
export interface Prediction {
  readonly table: MemoryTable;
  /** Floating-point operations of a micro-step of the largest batch. */
  readonly operations: number;
}

/** A prediction with the choice of activations that it is for. */
export interface ChosenPrediction extends Prediction {
  readonly recompute: Recompute;
}

/** Of less operations than this a step takes its time elsewhere. */
const MANY_OPERATIONS = 2e9;

/** What fewer computations may take, in units of the memory without. */
const WORTH = [
  ["none", 1.1],
  ["cheap", 1.25],
] as const;
/** The same of adapters, whose weights have no gradients, so that what is computed once more is a larger part: three tenths and a fifth of the time. */
const WORTH_BESIDE_ADAPTERS = [
  ["none", 1.1],
  ["cheap", 1.4],
] as const;

/** What a run will take with the activations that it says, or else with those that are worth their memory; the same on every machine. */
export async function predictChosen(parts: MemoryParts): Promise<ChosenPrediction> {
  const { recompute: said } = parts.config;
  const least = await predict(parts);
  if (said !== undefined || least.operations < MANY_OPERATIONS) {
    return { ...least, recompute: said ?? "all" };
  }
  // What the process held before differs from machine to machine.
  const taken = ({ table }: Prediction) => table.predictedTotal - parts.baseBytes + IDLE_BYTES;
  const isAdapter = isAdapterMethod(parts.config.method);
  for (const [recompute, share] of isAdapter ? WORTH_BESIDE_ADAPTERS : WORTH) {
    const own = await predict({ ...parts, config: { ...parts.config, recompute } });
    if (taken(own) <= share * taken(least)) return { ...own, recompute };
  }
  return { ...least, recompute: "all" };
}

export async function predict(parts: MemoryParts): Promise<Prediction> {
  const { trainee, shapes, baseBytes, dataBytes, teacherBytes } = parts;
  const { engine, programs, operations } = await countedStep(parts);
  const allocated = allocatedBytes(engine, parts.config);
  const { disk } = engine.parts.runtime;
  const late = parts.countedRows?.programs ?? 0;
  const sessions = programs.length * shapes.length + late;
  const rows: readonly MemoryRow[] = [
    { name: "weights", predicted: allocated.weights },
    { name: "accumulators", predicted: allocated.accumulators },
    ...wholeRow(engine),
    { name: "optimizer state", predicted: allocated["optimizer state"] },
    { name: "activations", predicted: allocated.activations },
    { name: "workspace", predicted: workspaceBytes(programs, late) },
    ...(dataBytes === undefined ? [] : [{ name: "images" as const, predicted: dataBytes }]),
    ...(teacherBytes === undefined ? [] : [{ name: "teacher" as const, predicted: teacherBytes }]),
    { name: "runtime", predicted: baseBytes + sessions * SESSION_BYTES },
  ];
  const table = {
    rows,
    predictedTotal: rows.reduce((bytes, { predicted }) => bytes + predicted, 0),
    ...(disk && { disk: disk.bytes }),
    alternatives: alternatives(trainee.model),
  };
  return { table, operations };
}

/** Gradients that are there whole in the steps that learn subspaces, if any do. */
const wholeRow = ({ wholeGradientBytes }: Engine): readonly MemoryRow[] =>
  wholeGradientBytes === 0 ? [] : [{ name: "whole gradients", predicted: wholeGradientBytes }];

/** A step of the largest batch with all that may belong to one, an evaluation, and nothing computed. */
async function countedStep({
  config,
  trainee,
  shapes,
  countedRows,
  holdGradients = false,
}: MemoryParts): Promise<{
  readonly engine: Engine;
  readonly programs: readonly CountedProgram[];
  readonly operations: number;
}> {
  const counting = countingRuntime();
  const runtime = config.lowMemory ? onDisk(counting, NO_FILE) : counting;
  const objective = namedObjective(config);
  const engine = openEngine({ ...config, ...trainee, runtime, shapes, holdGradients, objective });
  const choices = config.teacher === undefined ? undefined : config.teacherTokens + 1;
  const batch = countedBatch(shapes.at(-1) ?? {}, trainee.model, choices);
  const numbers = { step: 1, cycle: 1, learningRate: 0, opensCycle: true };
  await engine.resample(0, 1);
  engine.begin(numbers);
  await engine.microStep(batch, 0);
  await engine.update();
  const operations = engine.parts.programs.operations();
  const merges = mergeSchedule(config, 1);
  if (merges) await mergeAdapters({ ...trainee, config, engine }, merges, 1);
  await engine.evaluate([batch]);
  if (!leavesAdapters(config))
    await readAll(mergedWeights(trainee.base, trainee.adapters, engine.parts));
  const programs = [...counting.programs];
  if (countedRows?.keepsLogits) await engine.microStep(countedRows.keepsLogits, 1);
  return { engine, programs, operations };
}

/** Of numbers that nobody looks at. */
const NO_FILE = { read: () => undefined, write: () => undefined, close: () => undefined };

/** Reads tensors that are made when their turn comes, as saving does. */
async function readAll(tensors: ReturnType<typeof mergedWeights>): Promise<void> {
  for (const [, tensor] of tensors) if ("read" in tensor) await tensor.read();
}

/** What an arena holds beside what its program needs at once: it grows by doubling. */
const ARENA_GROWTH = 1.9;
/** What the heap keeps of the memory that programs freed, in units of the most that one of them needs: holes fit some shapes and not others. */
const HEAP_RETENTION = 1.9;
/** What it keeps besides at most, where programs are loaded while others run: they lie in the holes, and hold them open. */
const LATE_RETENTION = 1.5;
/** So many of these keep as much as one program needs. */
const LATE_PROGRAMS = 30;
/** Graphs and fragments. */
const REST_BYTES = 45e6;

/** @param late - programs that come with later batches */
function workspaceBytes(programs: readonly CountedProgram[], late: number): number {
  const mostOf = (name: "heapBytes" | "workspaceBytes") =>
    programs.reduce(
      (most, { program, arena }) => (arena ? most : Math.max(most, program[name])),
      0,
    );
  const kept = programs.reduce(
    (sum, { program, arena }) => (arena ? sum + program.workspaceBytes : sum),
    0,
  );
  const retention = HEAP_RETENTION + Math.min(LATE_RETENTION, late / LATE_PROGRAMS);
  return (
    ARENA_GROWTH * kept + mostOf("workspaceBytes") + retention * mostOf("heapBytes") + REST_BYTES
  );
}

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
