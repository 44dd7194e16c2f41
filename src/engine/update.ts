/** @file Updating one parameter from its accumulator. */

import { mapTensors } from "../graph/tensors.ts";
import { compile, type Program } from "../onnx/model.ts";
import { noiseBits } from "../optim/rounding.ts";
import { bufferOf, clear, fill } from "../runtime/buffers.ts";
import { only } from "../runtime/programs.ts";
import type { Buffer, Buffers, Executable, View, Views } from "../runtime/runtime.ts";
import { nextName } from "./parts/names.ts";
import { planOf, type Rows, trainingOf } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { subspaceMatrix } from "./parts/subspace.ts";
import {
  accumulatorFeeds,
  buildPlacing,
  buildUpdate,
  type ShardedUpdate,
  shardUpdate,
  takesNoise,
  type Updatable,
  type Update,
} from "./update-programs.ts";

/** What an update depends on beside the gradient. */
export interface UpdateNumbers {
  /** The step that is being done, counted from 1, or from the last restart of the optimizer. */
  readonly step: number;
  readonly cycle: number;
  readonly learningRate: number;
}

export type UpdateParam = (
  name: string,
  accumulator: Buffers,
  numbers: UpdateNumbers & {
    /** What turns the summed gradient into the mean gradient per token. */
    readonly gradientScale: number;
  },
) => Promise<void>;

export function createUpdate(parts: EngineParts): UpdateParam {
  const { plan, state, programs, slots, draws } = parts;
  const updates = new Map<string, Update>();
  const sharded = new Map<string, ShardedUpdate | undefined>();

  const updateOf = (param: KeyedParam): Update =>
    remember(updates, param.key, () => buildUpdate(param));

  function scalar(name: string, value: number): Buffer {
    const buffer = slots.take(`scalar ${name}`, "float32", []);
    fill(buffer, value);
    return buffer;
  }

  /** Runs a program with those of the feeds and fetches that it has. */
  const run = (executable: Executable, feeds: Views, fetches: Views): Promise<void> => {
    const { inputs, outputs } = executable.program;
    return programs.run(executable, only(feeds, inputs), only(fetches, outputs));
  };

  /** Row by row: passes for the sums that couple rows, then the rows, then what has none. */
  async function updateInShards(
    param: KeyedParam,
    { graph, size, noise }: ShardedUpdate & { readonly noise: Noise },
    feeds: Buffers,
    fetches: Buffers,
  ): Promise<void> {
    const { key } = param;
    const [rows = 0] = param.shape;
    const starts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size);
    const sums: Record<string, Buffer> = {};
    for (const [name, shape] of Object.entries(graph.sums)) {
      const buffer = slots.take(name, "float32", shape);
      clear(buffer);
      sums[name] = buffer;
    }
    const targets = { ...fetches, ...renamed(sums) };
    for (const [index, pass] of [...graph.passes, graph.rows].entries()) {
      for (const start of starts) {
        const end = Math.min(rows, start + size);
        const view = shardViews(rows, start, end);
        const program = `update ${key} ${index} ${end - start}`;
        const executable = await programs.get(program, () => compile(pass(end - start)));
        const isLast = index === graph.passes.length;
        const drawn = isLast ? noise(start, param.shape.with(0, end - start)) : {};
        await run(executable, { ...view({ ...feeds, ...sums }), ...drawn }, view(targets));
      }
    }
    if (Object.keys(graph.rest).length === 0) return;
    const executable = await programs.get(`update ${key} rest`, () => compile(graph.rest));
    await run(executable, { ...feeds, ...sums }, targets);
  }

  /** The rows that are trained: computed beside the parameter, and put into their places by a program, since the host writes whole buffers. */
  async function updateRows(
    param: KeyedParam,
    { start, end }: Rows,
    { feeds, fetches, noise }: { feeds: Buffers; fetches: Buffers; noise: Noise },
  ): Promise<void> {
    const { key, shape } = param;
    const build = () => compile(updateOf(param).outputs);
    const executable = await programs.get(`update ${key}`, build, { arena: false });
    const whole = Object.entries(feeds).filter(([name]) => name === "param" || name === "master");
    const views = Object.fromEntries(
      whole.map(([name, buffer]) => [name, buffer.rows(start, end)]),
    );
    const made = Object.fromEntries(
      whole.map(([name, { dtype }]) => [nextName(name), slots.take(`rows ${name}`, dtype, shape)]),
    );
    const spares = sparesFor(executable.program, feeds, { ...fetches, ...made });
    const targets = { ...fetches, ...made, ...spares };
    await run(executable, { ...feeds, ...views, ...noise(0, shape) }, targets);
    for (const [output, spare] of Object.entries(spares)) fetches[output]?.copyFrom(spare);
    for (const [name, { dtype }] of whole) {
      const x = made[nextName(name)];
      const view = views[name];
      if (!x || !view) continue;
      const placing = await programs.get(`place ${dtype} ${shape.join()}`, () =>
        buildPlacing(dtype, shape),
      );
      await programs.run(placing, { x, zero: scalar("zero", 0) }, { "x'": view });
    }
  }

  return async (name, accumulator, numbers) => {
    const { key, spec, dtype } = planOf(plan, name);
    const training = trainingOf(plan, name);
    const { rows } = training;
    const shape = rows ? spec.shape.with(0, rows.end - rows.start) : spec.shape;
    const param: KeyedParam = { key, shape, dtype, training };
    const noise = noiseOf(param, name, numbers);
    const weight = bufferOf(state.weights, name);
    const own = state.optimizer.get(name) ?? {};
    const feeds: Record<string, Buffer> = {
      param: weight,
      ...accumulatorFeeds(accumulator),
      ...own,
    };
    // The new weight and state are written over the old ones.
    const fetches: Record<string, Buffer> = { "param'": weight, ...renamed(own) };
    const master = state.masters.get(name);
    if (master) {
      feeds["master"] = master;
      fetches["master'"] = master;
    }
    if (training.compression) {
      feeds["A"] = subspaceMatrix(parts, name, { cycle: numbers.cycle, slot: "A" });
    }
    for (const [scalarName, ofStep] of updateOf(param).scalars) {
      feeds[scalarName] = scalar(scalarName, ofStep(numbers.step));
    }
    feeds["learningRate"] = scalar("learningRate", numbers.learningRate * training.rateFactor);
    feeds["chance"] = scalar("chance", draws.chance(name, numbers.cycle));
    feeds["gradientScale"] = scalar("gradientScale", numbers.gradientScale);

    if (rows) return updateRows(param, rows, { feeds, fetches, noise });
    const shards = remember(sharded, key, () => shardUpdate(param, updateOf(param)));
    if (shards) return updateInShards(param, { ...shards, noise }, feeds, fetches);
    const build = () => compile(updateOf(param).outputs);
    const executable = await programs.get(`update ${key}`, build, { arena: false });
    const spares = sparesFor(executable.program, feeds, fetches);
    await run(executable, { ...feeds, ...noise(0, shape) }, { ...fetches, ...spares });
    for (const [output, spare] of Object.entries(spares)) fetches[output]?.copyFrom(spare);
  };

  /** Other memory for what may not be written over its input: where nothing says that the old value has been read by then. */
  function sparesFor(program: Program, feeds: Buffers, fetches: Buffers): Buffers {
    const isUnsafe = (output: string, target: Buffer) =>
      Object.entries(feeds).some(
        ([name, fed]) =>
          fed === target && name in program.inputs && !program.mayOverwrite(output, name),
      );
    return Object.fromEntries(
      Object.entries(fetches)
        .filter(([output, target]) => output in program.outputs && isUnsafe(output, target))
        .map(([output, { dtype, shape }]) => [output, slots.take(`spare ${output}`, dtype, shape)]),
    );
  }

  /** Random bits for the rows from `start` on, where the update is rounded at random. */
  function noiseOf(param: KeyedParam, name: string, { step, cycle }: UpdateNumbers): Noise {
    const { dtype } = param;
    if (dtype === "float32" || !takesNoise(param)) return () => ({});
    return (start, shape) => {
      const noise = slots.take("noise", "uint16", shape);
      draws.noise(name, [cycle, step, start], noiseBits(dtype), noise);
      return { noise };
    };
  }
}

type Noise = (start: number, shape: readonly number[]) => Buffers;

interface KeyedParam extends Updatable {
  readonly key: string;
}

/** Views of rows `start` to `end` of every buffer that has `rows` rows; equal buffers have equal views. */
function shardViews(rows: number, start: number, end: number): (buffers: Buffers) => Views {
  const views = new Map<Buffer, View>();
  return (buffers) =>
    mapTensors(buffers, (buffer) =>
      buffer.shape[0] === rows ? remember(views, buffer, () => buffer.rows(start, end)) : buffer,
    );
}

const renamed = (buffers: Buffers): Buffers =>
  Object.fromEntries(Object.entries(buffers).map(([name, buffer]) => [nextName(name), buffer]));

function remember<K, T>(known: Map<K, T>, key: K, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined || known.has(key)) return found ?? make();
  const value = make();
  known.set(key, value);
  return value;
}
