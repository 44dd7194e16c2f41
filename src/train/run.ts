/**
 * @file Training in code: options as they are written in a file, or what they name itself, data in memory, a loaded model, an optimizer of
 * one's own; and a run that is followed event by event, or awaited.
 *
 * @example
 * const run = train(
 *   { model: "gpt2/", data: [{ text: "..." }], rank: 32, steps: 100, output: "runs/mine" },
 *   { host: nodeHost(), runtime: cpuRuntime() },
 * );
 * for await (const event of run) {
 *   if (event.type === "step") console.log(event.step, event.loss);
 * }
 * const { generate } = await run.result();
 */

import { releaseState } from "../engine/parts/state.ts";
import { evaluateRun } from "./evaluation/evaluate.ts";
import type { Run } from "./setup/run.ts";
import type { Compressor } from "../compress/compressor.ts";
import type { DataInput, Formats } from "../data/index.ts";
import { pathsOf } from "../data/index.ts";
import type { Objective } from "../engine/objectives/objective.ts";
import { option, UsageError } from "../errors.ts";
import {
  completeText,
  type CompleteTextOptions,
  createDecoder,
  type LoadedModel,
} from "../generate/index.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedule.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../options/config.ts";
import type { EndEvent, EvaluationEvent, TrainEvent, TranslationEvent } from "../runs/events.ts";
import { logged } from "../runs/logged.ts";
import { tracked } from "../runs/trackers/tracked.ts";
import type { Tracker } from "../runs/trackers/tracker.ts";
import type { Tokenizer } from "../text/index.ts";
import type { DeviceOptions } from "../runtime/device-options.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type TrainContext, trainEvents } from "./events.ts";
import { resumedOptions } from "./output/resumed-options.ts";
import { saveOutput } from "./output/output.ts";
import type { Metric, RunInputs } from "./setup/inputs.ts";

type Named = "method" | "model" | "optimizer" | "schedule" | "tokenizer" | "train" | "validation";

/** The options of a run, in which things may stand in place of their names. */
export interface TrainRequest extends Omit<TrainOptions, Named> {
  /** A directory, a name on the Hub where the caller resolves those, fields of config.json, or a loaded model, which is copied. */
  readonly model?: TrainOptions["model"] | LoadedModel | undefined;
  readonly tokenizer?: string | Tokenizer | undefined;
  /** A path, paths, rows in memory, or a function that gives them. */
  readonly data?: DataInput | undefined;
  /** The same of what is held out; a part of the data if absent. */
  readonly validation?: DataInput | undefined;
  /** The formats of files; those of the library if absent. */
  readonly formats?: Formats | undefined;
  readonly method?: TrainOptions["method"] | Compressor | undefined;
  readonly optimizer?: TrainOptions["optimizer"] | Optimizer | undefined;
  readonly schedule?: TrainOptions["schedule"] | Schedule | undefined;
  /** What is minimised; what the model proposes if absent. */
  readonly objective?: Objective | undefined;
  /** Scores of generated texts, told with the held-out translations; `criterion` may name one, of which more is better. */
  readonly metrics?: Readonly<Record<string, Metric>> | undefined;
  /** Whoever hears each event besides. */
  readonly trackers?: readonly Tracker[] | undefined;
  /** The directory of the model, the log and checkpoints; nothing is written if absent. */
  readonly output?: string | undefined;
}

/** What a run is given from outside: what computes, files and time, and how it is stopped. */
export interface TrainRunContext extends Omit<TrainContext, "runtime"> {
  /** What computes, or what opens it when the options are known. */
  readonly runtime: Runtime | ((options: DeviceOptions) => Promise<Runtime>);
  /** The directory of a model that is named; the name is one if absent. */
  readonly resolveModel?: (name: string) => Promise<string>;
}

/** A run: followed by its events, or awaited; each event is told once. */
export interface TrainRun extends AsyncIterable<TrainEvent> {
  /** The model as it is between two events, to be asked; undefined before the first, after the last, and of images. */
  model(): LoadedModel | undefined;
  /**
   * Goes on to the end.
   *
   * @throws {UsageError | FormatError} as the run does, and if the loss stopped being a number.
   */
  result(): Promise<TrainResult>;
}

/** The ends of runs that came to nothing. */
type Lost = "diverged" | "not a number";

/** A trained model, in memory: the best one, where that is what was kept on disk. */
export interface TrainResult {
  readonly reason: Exclude<EndEvent["reason"], Lost>;
  /** The last held-out loss. */
  readonly evaluation: EvaluationEvent | undefined;
  readonly translation: TranslationEvent | undefined;
  /** To be trained on, to be decoded, or to be looked at; undefined for a model of images. */
  readonly model: LoadedModel | undefined;
  /** The continuation of a text. @throws {UsageError} if the model writes none. */
  generate(prompt: string, options?: CompleteTextOptions): Promise<string>;
  /** Held-out loss, once more. */
  evaluate(): Promise<EvaluationEvent>;
  /** Saves the model as a Hugging Face directory. @throws {UsageError} if it cannot. */
  save(directory: string): Promise<void>;
  /** Frees compiled programs, which what needs them compiles again, and what lies on a GPU or on disk: a model whose weights lay there is no more. */
  dispose(): Promise<void>;
}

/** Trains a model: what is wrong with the options is thrown when the run is followed or awaited. */
export function train(request: TrainRequest, context: TrainRunContext): TrainRun {
  let prepared: Run | undefined;
  let evaluation: EvaluationEvent | undefined;
  let translation: TranslationEvent | undefined;
  let end: EndEvent | undefined;
  let isOver = false;

  async function* follow(): AsyncGenerator<TrainEvent, void, undefined> {
    const { config, inputs } = await configured(request, context);
    const { host, runtime } = context;
    const opened = typeof runtime === "function" ? await runtime(config) : runtime;
    const { trackers } = request;
    const writes = inputs.writes !== false;
    const told = trainEvents(
      config,
      { ...context, runtime: opened },
      inputs,
      (run) => (prepared = run),
    );
    const heard = tracked(host, told, { trackers, writes });
    try {
      for await (const event of writes ? logged(host, heard) : heard) {
        if (event.type === "evaluation") evaluation = event;
        if (event.type === "translation") translation = event;
        if (event.type === "end") end = event;
        yield event;
      }
    } finally {
      isOver = true;
    }
  }
  const events = follow();

  return {
    [Symbol.asyncIterator]: () => events,
    model: () => (prepared && !isOver ? loadedOf(prepared) : undefined),
    async result() {
      for await (const _event of events);
      if (!prepared || !end) throw new UsageError("train: the run was left before its end");
      const { reason } = end;
      if (reason === "not a number" || reason === "diverged") {
        releaseState(prepared.engine.state);
        throw diverged(end);
      }
      return resultOf(prepared, { reason, evaluation, translation });
    },
  };
}

const diverged = ({ message = "train: diverged", checkpointStep }: EndEvent): UsageError =>
  new UsageError(message, {
    hint:
      checkpointStep === undefined
        ? `begin again with ${LOWER_RATE}`
        : `go on from step ${checkpointStep} with ${option("resume")} and a lower ${option("resumeLearningRate")}, or begin again with ${LOWER_RATE}`,
  });

const LOWER_RATE = `a lower ${option("learningRate")}, ${option("maxGradNorm")} 1 or more ${option("warmupSteps")}`;

/** Options for what is named, and inputs for what is not. */
async function configured(
  request: TrainRequest,
  { host, resolveModel }: TrainRunContext,
): Promise<{ readonly config: TrainConfig; readonly inputs: RunInputs }> {
  const { data, formats, method, metrics, model, objective, optimizer, schedule } = request;
  const { teacher, tokenizer, validation, ...rest } = request;
  const loaded = model !== undefined && isLoaded(model) ? model : undefined;
  if (loaded && loaded.adapters.length > 0) {
    throw new UsageError("model: it has adapters; got a loaded model to train on", {
      hint: "merge them first",
    });
  }
  const paths = data === undefined ? undefined : pathsOf(data);
  const heldPaths = validation === undefined ? undefined : pathsOf(validation);
  const options: TrainOptions = {
    ...withoutParts(rest),
    ...(model !== undefined && { model: await nameOf(model, resolveModel) }),
    ...(teacher !== undefined && { teacher: await teacherOf(teacher, resolveModel) }),
    ...(typeof method === "string" && { method }),
    ...(typeof method === "object" && { method: "dense" }),
    ...(typeof optimizer === "string" && { optimizer }),
    ...(typeof schedule === "string" && { schedule }),
    ...(typeof tokenizer === "string" && { tokenizer }),
    ...(data !== undefined && { train: paths ?? ["rows"] }),
    ...(heldPaths && { validation: heldPaths }),
  };
  const inputs: RunInputs = {
    formats,
    metrics,
    objective,
    model: loaded,
    data: paths ? undefined : data,
    heldOut: heldPaths ? undefined : validation,
    writes: request.output !== undefined,
    ...(typeof method === "object" && { compressor: method }),
    ...(typeof optimizer === "object" && { optimizer }),
    ...(typeof schedule === "function" && { schedule }),
    ...(typeof tokenizer === "object" && { tokenizer }),
  };
  return { config: parseConfig(await resumedOptions(host.files, options)), inputs };
}

/** Where a teacher is; what one said in another run is a file. */
const teacherOf = async (
  teacher: string,
  resolveModel: TrainRunContext["resolveModel"],
): Promise<string> =>
  resolveModel && !teacher.endsWith(".safetensors") ? resolveModel(teacher) : teacher;

const isLoaded = (model: NonNullable<TrainRequest["model"]>): model is LoadedModel =>
  typeof model === "object" && "weights" in model && model.weights instanceof Map;

/** What the options say of a model: where it is, or what its configuration is. */
async function nameOf(
  model: NonNullable<TrainRequest["model"]>,
  resolveModel: TrainRunContext["resolveModel"],
): Promise<NonNullable<TrainOptions["model"]>> {
  if (isLoaded(model)) return model.directory ?? model.base.config;
  return typeof model === "string" && resolveModel ? resolveModel(model) : model;
}

/** The options that are options everywhere. */
function withoutParts({
  data: _data,
  formats: _formats,
  method: _method,
  metrics: _metrics,
  model: _model,
  objective: _objective,
  optimizer: _optimizer,
  schedule: _schedule,
  trackers: _trackers,
  ...options
}: Omit<TrainRequest, "teacher" | "tokenizer" | "validation">): TrainOptions {
  return options;
}

function loadedOf({ adapters, base, engine, model, tokenizer }: Run): LoadedModel | undefined {
  const { weights } = engine.state;
  const generation = { options: {}, ignored: [] };
  return tokenizer && { base, adapters, model, weights, tokenizer, generation };
}

function resultOf(
  run: Run,
  told: Pick<TrainResult, "reason" | "evaluation" | "translation">,
): TrainResult {
  const { config, context, engine, model, tokenizer } = run;
  const { weights } = engine.state;
  return {
    ...told,
    model: loadedOf(run),
    async generate(prompt, options = {}) {
      if (!tokenizer) throw new UsageError("generate: a model of images writes no text");
      const decoder = createDecoder(model, context.runtime, weights);
      const { endOfText } = tokenizer;
      try {
        const [made] = await completeText({ model, decoder, tokenizer }, [prompt], {
          ...(endOfText !== undefined && { stopTokens: [endOfText] }),
          ...options,
        });
        return made?.text ?? "";
      } finally {
        await decoder.release();
      }
    },
    evaluate: () => evaluateRun(run, config.steps ?? 0),
    save: (directory) => saveOutput({ ...run, config: { ...config, output: directory } }),
    async dispose() {
      await engine.release();
      releaseState(engine.state);
      run.disk?.close();
    },
  };
}
