/**
 * @file The teacher of a run: a larger model that is asked about all examples before the first step, and is gone then; or what it said in
 * another run. `OUTPUT/checkpoint/teacher.safetensors` has its answers.
 */

import { dense } from "../../compress/flora-compressor.ts";
import { openEngine } from "../../engine/engine.ts";
import { largestLogits } from "../../engine/objectives/largest-logits.ts";
import { planParameters } from "../../engine/plan.ts";
import { option, UsageError } from "../../errors.ts";
import { exists } from "../../host/content.ts";
import { join } from "../../host/path.ts";
import { loadNetwork } from "../../generate/load-model.ts";
import type { Batch, BatchSource } from "../../models/batch.ts";
import { headRows, type Model } from "../../models/model.ts";
import { namedOptimizer } from "../../optim/registry.ts";
import { tensorBytes } from "../../tensor/host-tensor.ts";
import { float32ToFloat16 } from "../../tensor/half.ts";
import { loadTokenizer, type Tokenizer } from "../../text/index.ts";
import { tooLarge } from "../memory/promise.ts";
import { checkpointFolder } from "../output/checkpoints.ts";
import { ranksOf } from "../ranks/ranks.ts";
import { modelOf } from "../setup/model.ts";
import type { RunParts } from "../setup/prepare.ts";
import { readSaid, saveSaid } from "./file.ts";
import { examplesOf, type Said, taught } from "./said.ts";

const NAME = "teacher.safetensors";
/** What the name of a file ends with; others are models. */
const FILE = ".safetensors";

/**
 * A run whose targets are those of its teacher, if it has one: it is asked, or what it said is read.
 *
 * @throws {UsageError} if the teacher has other tokens, another task, or a shorter context.
 */
export async function withTeacher(parts: RunParts): Promise<RunParts> {
  const { config, context, data, inputs } = parts;
  const { teacher, teacherShare, output } = config;
  if (teacher === undefined) return parts;
  if (inputs.objective || config.task === "preference") {
    throw unfit("goes with the usual loss alone; got another objective");
  }
  if (!parts.model.head) throw unfit("a model of vectors has no tokens to tell of");
  const { files } = context.host;
  const { training } = data;
  if (training.batchesPerEpoch === undefined) {
    throw unfit("what is streamed is not known before", `leave ${option("stream")} out`);
  }
  const folder = checkpointFolder(output);
  const own = join(folder, NAME);
  const isFile = teacher.endsWith(FILE);
  const path = config.resume ? own : teacher;
  const isKnown = isFile || (config.resume && (await exists(files, own)));
  const said = isKnown ? await readSaid(files, path) : await ask(parts, training);
  checkTokens(said, parts.model);
  const told = `of each target a share of ${teacherShare} is what ${teacher} says, by its ${said.choices} likeliest tokens`;
  return {
    ...parts,
    notes: [...parts.notes, told],
    teacher: {
      teach: (batch) => taught(batch, said, teacherShare),
      async save() {
        await files.makeDirectory(folder);
        await saveSaid(files, own, said);
      },
    },
  };
}

/** Asks a model about all examples that the run takes. */
async function ask(parts: RunParts, training: BatchSource): Promise<Said> {
  const { config, context, data } = parts;
  const { teacher: directory = "", teacherTokens: choices } = config;
  const { runtime, host } = context;
  const larger = await modelOf(host.files, { ...config, model: directory }, parts.tokenizer);
  checkModel(larger, parts);
  if (ranksOf(context).size > 1) {
    throw new UsageError(`${option("teacher")}: one process asks it; got several`, {
      hint: `ask in one process first, with ${option("epochs", "1")}, which may be stopped after a step, and name its file then: ${option("teacher", `OUTPUT/checkpoint/${NAME}`)}`,
    });
  }
  const { network, home } = await loadNetwork(host.files, runtime, { directory });
  const { weights } = network;
  checkTokenizer(await loadTokenizer(host.files, home), parts.tokenizer, training);
  const examples = new Map<string, number>();
  const found: { readonly ids: Int32Array; readonly shares: Float32Array }[] = [];
  let targets = 0;
  const engine = openEngine({
    ...config,
    model: larger,
    plan: planParameters(larger, {
      compressor: dense(),
      optimizer: namedOptimizer("sgd"),
      trainable: { frozen: () => "a teacher", rateFactor: () => 1 },
    }),
    runtime,
    weights,
    shapes: data.shapes,
    maxGradNorm: undefined,
    objective: largestLogits(Math.min(choices, headRows(larger)), (batch, said) => {
      let first = targets;
      for (const { key, places } of examplesOf(batch)) {
        examples.set(key, first);
        first += places.length;
      }
      found.push(said);
      targets = first;
    }),
  });
  try {
    await engine.evaluate(batchesOf(training, { count: batchesTaken(config, training), examples }));
  } finally {
    await engine.release();
    context.runtime.collectGarbage();
  }
  const ids = new Int32Array(found.reduce((length, each) => length + each.ids.length, 0));
  const shares = new Uint16Array(ids.length);
  let at = 0;
  for (const each of found) {
    ids.set(each.ids, at);
    shares.set(float32ToFloat16(each.shares), at);
    at += each.ids.length;
  }
  return { choices: ids.length / Math.max(1, targets), examples, ids, shares };
}

/** The first batches that have an example which is not known. */
function* batchesOf(
  { batchAt }: BatchSource,
  { count, examples }: { readonly count: number; readonly examples: ReadonlyMap<string, unknown> },
): Generator<Batch> {
  for (let position = 0; position < count; position++) {
    const batch = batchAt(position);
    if (examplesOf(batch).some(({ key }) => !examples.has(key))) yield batch;
  }
}

/** The micro-batches that a run takes. */
const batchesTaken = (
  { steps, epochs = 1, microSteps }: RunParts["config"],
  { batchesPerEpoch }: BatchSource,
): number => (steps === undefined ? batchesPerEpoch * epochs : steps * microSteps);

const unfit = (why: string, hint?: string): UsageError =>
  new UsageError(`${option("teacher")}: ${why}`, hint === undefined ? {} : { hint });

function checkModel(
  teacher: Model,
  { context, data: { shapes }, model: { task } }: RunParts,
): void {
  if (teacher.task !== task)
    throw unfit(`must be a model for ${task}; got one for ${teacher.task}`);
  const needed = [...teacher.params.values()].reduce(
    (sum, { shape }) => sum + tensorBytes("float32", shape),
    0,
  );
  const available = context.host.memory.availableBytes();
  if (needed > available) throw tooLarge("the teacher's weights", { needed, available });
  const longest = Math.max(...shapes.map(({ ids }) => Number(ids?.shape[1] ?? 0)));
  if (longest > teacher.contextLength) {
    throw unfit(
      `takes at most ${teacher.contextLength} tokens; got examples of ${longest}`,
      `say ${option("contextLength", String(teacher.contextLength))}`,
    );
  }
}

/** Examples whose texts are written by either tokenizer. */
const COMPARED = 8;

/** @throws {UsageError} if the tokens of a teacher are others. */
function checkTokenizer(
  teacher: Tokenizer,
  own: Tokenizer | undefined,
  training: BatchSource,
): void {
  for (let position = 0; position < Math.min(COMPARED, training.batchesPerEpoch); position++) {
    const { inputs } = training.batchAt(position);
    const text = own?.decode(Array.from(inputs["ids"]?.data ?? [], Number)) ?? "";
    if (own?.encode(text).join() === teacher.encode(text).join()) continue;
    throw unfit(
      "must have the tokenizer of the model; got another",
      "a teacher tells of its own tokens: take one of the same family",
    );
  }
}

/** @throws {UsageError} if what was said has tokens that the model has not. */
function checkTokens({ ids }: Said, model: Model): void {
  const rows = headRows(model);
  const beyond = ids.find((id) => id < 0 || id >= rows);
  if (beyond === undefined) return;
  throw unfit(`must have the ${rows} tokens of the model; got one of number ${beyond}`);
}
