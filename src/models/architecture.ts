/** @file What an architecture is: a function from a config.json to a model, and what is to be known of it without one. */

import type { ConfigFields } from "./config.ts";
import type { Model, Task } from "./model.ts";

/** What the registry knows of an architecture before it builds a model. */
export interface ArchitectureFacts {
  /** The values of `model_type` that it is for. */
  readonly types: readonly string[];
  /** The fields of config.json that it knows. */
  readonly fields: readonly string[];
  /** The config fields of its rates of dropout, where they are not 0 by default. */
  readonly dropout?: readonly string[];
  /** What it learns, by `architectures` of config.json, where that decides. */
  readonly tasks?: Readonly<Record<string, Task>>;
}

/** A model of some fields of a config.json. */
export interface Architecture extends ArchitectureFacts {
  /** @throws {UsageError} if a field is not what the architecture allows. */
  (fields: ConfigFields): Model;
}

/** The architecture of a function that builds its models. */
export const defineArchitecture = (
  facts: ArchitectureFacts,
  build: (fields: ConfigFields) => Model,
): Architecture => Object.assign((fields: ConfigFields) => build(fields), facts);
