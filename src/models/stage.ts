/** @file Stages from functions of bound parameters, `p.attn.c_attn.weight`, and models from stages. */

import { mapTensors, tensorAt, type Tensors } from "../graph/tensors.ts";
import type { Value } from "../graph/value.ts";
import {
  bindParams,
  flattenSpec,
  type ParamsOf,
  type ParamSpec,
  type SpecTree,
} from "../nn/params.ts";
import type {
  DecodeContext,
  Decoded,
  KeysAndValues,
  Stage,
  StageContext,
  StageDecoding,
} from "./model.ts";

export interface StageDefinition<Spec extends SpecTree> extends Pick<Stage, "kind" | "source"> {
  readonly specs: Spec;
  /** The name in the checkpoint of the parameter at a path of `specs`; a prefix stands before all. */
  readonly names?: string | ((path: string) => string);
  readonly reads?: Stage["reads"];
  /** Whether it is a block, of which there are many. */
  readonly attends?: boolean;
  forward(x: Value, p: ParamsOf<Spec>, context: StageContext): Value;
  readonly decoding?: DecodingOf<ParamsOf<Spec>> | undefined;
}

/** As `StageDecoding`, of bound parameters. */
interface DecodingOf<P> {
  readonly cacheWidth?: number;
  readonly cacheHeads?: number;
  readonly decode: (x: Value, p: P, context: DecodeContext) => Decoded;
  readonly encoded?: (encoded: Value, p: P) => KeysAndValues;
}

/** A stage with the specs of its parameters, by their names in the checkpoint. */
export interface DefinedStage extends Stage {
  readonly specs: ReadonlyMap<string, ParamSpec>;
}

export function defineStage<Spec extends SpecTree>(
  definition: StageDefinition<Spec>,
): DefinedStage {
  const { kind, source, specs, names = "", decoding } = definition;
  const nameOf = typeof names === "string" ? (path: string) => names + path : names;
  const flat = [...flattenSpec(specs)];
  const bind = (params: Tensors) => bindParams(specs, (path) => tensorAt(params, path));
  return {
    kind,
    ...(source !== undefined && { source }),
    reads: definition.reads ?? [],
    attends: definition.attends ?? false,
    params: Object.fromEntries(flat.map(([path]) => [path, nameOf(path)])),
    specs: new Map(flat.map(([path, spec]) => [nameOf(path), spec])),
    forward: (x, params, context = {}) => definition.forward(x, bind(params), context),
    ...(decoding && { decoding: bound(decoding, bind) }),
  };
}

function bound<P>(
  { cacheWidth, cacheHeads, decode, encoded }: DecodingOf<P>,
  bind: (params: Tensors) => P,
): StageDecoding {
  return {
    ...(cacheWidth !== undefined && { cacheWidth }),
    ...(cacheHeads !== undefined && { cacheHeads }),
    decode: (x, params, context) => decode(x, bind(params), context),
    ...(encoded && { encoded: (value, params) => encoded(value, bind(params)) }),
  };
}

/** Every parameter of the stages, in order; those that several share once. */
export const paramsOf = (stages: readonly DefinedStage[]): ReadonlyMap<string, ParamSpec> =>
  new Map(stages.flatMap(({ specs }) => [...specs]));

/**
 * Stages in a row, where nothing is decoded.
 *
 * @param inputs - of the model, by name
 * @returns the output of the last one
 */
export function forwardAll(
  stages: readonly Stage[],
  inputs: Tensors,
  weight: (name: string) => Value,
): Value {
  let y: Value | undefined;
  for (const stage of stages) {
    const x = stage.source === undefined ? y : inputs[stage.source];
    if (!x) throw new Error(`internal: nothing for ${stage.kind} to start from`);
    y = stage.forward(x, mapTensors(stage.params, weight), { inputs });
  }
  if (!y) throw new Error("internal: a model without stages");
  return y;
}
