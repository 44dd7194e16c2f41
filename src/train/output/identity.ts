/**
 * @file What run a checkpoint belongs to: its options, and what its data, its tokenizer and its model are, wherever their files lie. A run
 * that goes on must be that run; `changeable` in the option table says what may differ.
 */

import { z } from "zod";
import { option, type OptionProblem } from "../../errors.ts";
import type { BatchSource } from "../../models/batch.ts";
import type { Host } from "../../host/host.ts";
import type { TrainConfig } from "../../options/config.ts";
import { OPTIONS } from "../../options/option-table.ts";
import { optionError } from "../../options/tables/problems.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import type { Run } from "../setup/run.ts";

export interface Identity {
  /** The options, complete. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly totalSteps: number;
  /** SHA-256 of the batches of an epoch, of the tokenizer's files, and of the model's configuration. */
  readonly contents: Readonly<Record<Content, string>>;
}

/** What is compared by its content, by the option that names it. */
type Content = "model" | "tokenizer" | "train";

/** Whether activations are computed once more was yes or no in earlier versions. */
const inTodaysWords = (config: Identity["config"]): Identity["config"] =>
  typeof config["recompute"] === "boolean"
    ? { ...config, recompute: config["recompute"] ? "all" : "none" }
    : config;

export const identitySchema: z.ZodType<Identity> = z.object({
  config: z.record(z.string(), z.unknown()).transform(inTodaysWords),
  totalSteps: z.int().min(0),
  contents: z.object({ model: z.string(), tokenizer: z.string(), train: z.string() }),
});

export async function identityOf(run: Run, totalSteps: number): Promise<Identity> {
  const { base, config, context, processor, tokenizer } = run;
  const { host } = context;
  return {
    config: JSON.parse(JSON.stringify(config)),
    totalSteps,
    contents: {
      model: await digest(host, [JSON.stringify(base.config)]),
      tokenizer: await digest(host, [...((tokenizer ?? processor)?.files ?? new Map())].flat()),
      train: await digest(host, await contentOf(run)),
    },
  };
}

async function digest(host: Host, parts: Iterable<TypedArray | string>): Promise<string> {
  const hash = host.hash("sha256");
  for (const part of parts) {
    hash.update(
      typeof part === "string"
        ? new TextEncoder().encode(`${part}\0`)
        : new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
    );
  }
  return hash.digest();
}

/** What is read: the batches of an epoch, or of what is streamed what it tells of itself. */
const contentOf = async ({ context, data }: Run): Promise<Iterable<TypedArray | string>> =>
  data.training.batchesPerEpoch === undefined
    ? data.training.content()
    : epochOf(data.training, context);

/** What the batches of an epoch hold, one after another. */
function* epochOf(
  { batchesPerEpoch, batchAt }: BatchSource,
  context: Run["context"],
): Generator<TypedArray> {
  let bytes = 0;
  for (let position = 0; position < batchesPerEpoch; position++) {
    const { inputs, targets, weights } = batchAt(position);
    for (const array of [...Object.values(inputs).map((input) => input.data), targets, weights]) {
      bytes += array.byteLength;
      yield array;
    }
    // V8 lets arrays pile up, which are small to it.
    if (bytes < GARBAGE_BYTES) continue;
    context.runtime.collectGarbage();
    bytes = 0;
  }
}

/** What may be left of batches that were looked at. */
const GARBAGE_BYTES = 16e6;

/**
 * Compares the options of a run that is to go on with those that it was started with.
 *
 * @throws {UsageError} with all that differs and may not.
 */
export function compareOptions({ config }: Identity, given: TrainConfig): void {
  const now: Identity["config"] = { ...given };
  const isNewRate = now["resumeLearningRate"] !== undefined;
  const different = Object.entries(OPTIONS).flatMap(([name, { changeable = false, ...entry }]) => {
    const isUnsaid = name === "learningRate" && !(name in config);
    const isFree = changeable || isUnsaid || (name === "learningRate" && isNewRate);
    // A version that did not know an option did what its default does.
    const then = name in config ? config[name] : entry.default;
    if (isFree || sameJson(then, now[name])) return [];
    const advice =
      name === "learningRate" ? `, which ${option("resumeLearningRate")} may change` : "";
    const told = `the run was started with ${inWords(then)}${advice}; got ${inWords(now[name])}`;
    return [problem(name, now, told)];
  });
  refuse(different);
}

/**
 * Compares what a run reads, and how long it is, with how it was started.
 *
 * @throws {UsageError} with all that differs and may not.
 */
export function compareContents(saved: Identity, now: Identity): void {
  const { config, contents, totalSteps } = now;
  const different = CONTENTS.flatMap(([name, what]) =>
    contents[name] === saved.contents[name]
      ? []
      : [problem(name, config, `the run was started with ${what}`)],
  );
  const length = config["steps"] === undefined ? "epochs" : "steps";
  const told = `the run may become longer than ${saved.totalSteps} steps, not shorter; got ${totalSteps}`;
  refuse(totalSteps < saved.totalSteps ? [...different, problem(length, config, told)] : different);
}

const CONTENTS = [
  ["model", "another configuration of the model"],
  ["tokenizer", "another tokenizer"],
  ["train", "other training data"],
] as const satisfies readonly (readonly [Content, string])[];

const problem = (name: string, config: Identity["config"], told: string): OptionProblem => ({
  option: name,
  got: config[name],
  allowed: undefined,
  told,
});

function refuse(problems: readonly OptionProblem[]): void {
  if (problems.length > 0) throw optionError(problems, { table: OPTIONS });
}

const inWords = (value: unknown): string =>
  value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);

/** Options are plain data whose fields come in the order of their table. */
export const sameJson = (a: unknown, b: unknown): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}
