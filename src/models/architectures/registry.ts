/** @file The architectures, by `model_type`. */

import { option, UsageError } from "../../errors.ts";
import type { Architecture } from "../architecture.ts";
import type { ConfigFields } from "../config.ts";
import type { Model, Task } from "../model.ts";
import * as architectures from "./index.ts";

const ARCHITECTURES: ReadonlyMap<unknown, Architecture> = new Map(
  Object.values(architectures).flatMap((architecture) =>
    architecture.types.map((type) => [type, architecture] as const),
  ),
);

/**
 * The model that a config.json describes; GPT-2 where it names no type.
 *
 * @throws {UsageError} if the architecture is not supported, or a field is out of range.
 */
export const modelFromConfig = (fields: ConfigFields): Model => architectureOf(fields)(fields);

/**
 * The model of some fields of a config.json, to be trained from scratch. There is no reason to
 * expect overfitting then: dropout is there for whoever asks.
 *
 * @throws {UsageError} as `modelFromConfig` does.
 */
export function modelFromScratch(fields: ConfigFields): Model {
  const architecture = architectureOf(fields);
  const { dropout = [] } = architecture;
  return architecture({ ...Object.fromEntries(dropout.map((field) => [field, 0])), ...fields });
}

/**
 * What models of a type can learn, by `architectures` of config.json.
 *
 * @throws {UsageError} as `modelFromConfig` does.
 */
export function tasksOf(fields: ConfigFields): ReadonlyMap<string, Task> {
  const architecture = architectureOf(fields);
  const { tasks } = architecture;
  return new Map(tasks ? Object.entries(tasks) : [["", architecture(fields).task]]);
}

/** The types of models of which `architectures` decides that they learn a task. */
export const typesFor = (task: Task): readonly string[] =>
  Object.values(architectures).flatMap(({ types, tasks = {} }) =>
    Object.values(tasks).includes(task) ? types : [],
  );

/** The fields of config.json that matter to a model, and those that matter to models of other types alone. */
export function knownFields(fields: ConfigFields): {
  readonly own: readonly string[];
  readonly foreign: ReadonlySet<string>;
} {
  const own = architectureOf(fields).fields;
  const all = Object.values(architectures).flatMap((architecture) => architecture.fields);
  return { own, foreign: new Set(all.filter((name) => !own.includes(name))) };
}

/** No model has more layers; each is made before anything can be said of its memory. */
const MOST_LAYERS = 256;

function checkLayers(fields: ConfigFields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!/layers?$/.test(name) || typeof value !== "number" || value <= MOST_LAYERS) continue;
    throw new UsageError(
      `${option(`model.${name}`)}: must be at most ${MOST_LAYERS}; got ${value}`,
    );
  }
}

function architectureOf(fields: ConfigFields): Architecture {
  checkLayers(fields);
  const { model_type: type = "gpt2" } = fields;
  const architecture = ARCHITECTURES.get(type);
  if (architecture) return architecture;
  throw new UsageError(
    `model: supported types are ${[...ARCHITECTURES.keys()].join(", ")}; got ${JSON.stringify(type)}`,
  );
}
