/** @file The stages of a model with their programs for one shape of batch. */

import { planOf, type ParamPlan, type Plan } from "./parts/param-plan.ts";
import type { Recompute } from "../autodiff/index.ts";
import type { ValueType } from "../graph/value.ts";
import { type InputTypes, ENCODER_OUTPUT, type Model, type Stage } from "../models/model.ts";
import { buildStage, type StagePrograms } from "./stage-programs.ts";

/** A stage at its place. */
export interface Link {
  readonly stage: Stage;
  readonly index: number;
  /** Stages of one key share their programs. */
  readonly key: string;
  readonly made: StagePrograms;
  /** What it starts from. */
  readonly x: ValueType;
  readonly plans: Readonly<Record<string, ParamPlan>>;
}

export interface ChainParts {
  readonly model: Model;
  readonly plan: Plan;
  readonly recompute: Recompute;
  /** NEFTune's α; 0: no noise. */
  readonly neftuneAlpha: number;
}

/** The chain for the types of a batch's inputs; made once for each. */
export function chainOf({ model, plan, recompute, neftuneAlpha }: ChainParts): Chain {
  const built = new Map<string, Built>();
  const chains = new Map<string, readonly Link[]>();
  const hasNoise = neftuneAlpha > 0;
  const wanted = wantedCotangents(model, plan);
  const encoderWanted = wanted[model.encoderEnd ?? -1] ?? false;

  function make(inputs: InputTypes): readonly Link[] {
    const links: Link[] = [];
    const known: Record<string, ValueType> = { ...inputs };
    for (const [index, stage] of model.stages.entries()) {
      const plans = plansOf(stage, plan);
      const x = stage.source === undefined ? links.at(-1)?.made.y : known[stage.source];
      if (!x) throw new Error(`internal: nothing for ${stage.kind} to start from`);
      const reads = Object.fromEntries(stage.reads.map((name) => [name, typeAt(known, name)]));
      const needsDx = stage.source === undefined && (wanted[index - 1] ?? false);
      const needsDEncoded = stage.reads.includes(ENCODER_OUTPUT) && encoderWanted;
      const treatments = Object.values(plans).map((own) => own.key);
      const key = [
        stage.kind,
        [x, ...Object.values(reads)].map(({ shape }) => shape.join("x")).join(),
        treatments.join(),
        ...(needsDx || stage.source !== undefined ? [] : ["first"]),
        ...(stage.reads.includes(ENCODER_OUTPUT) && !needsDEncoded ? ["encoder frozen"] : []),
        ...(hasNoise && stage.source !== undefined ? ["noise"] : []),
      ].join(" ");
      const options = { x, reads, plans, recompute, needsDx, needsDEncoded, hasNoise };
      const own = built.get(key) ?? shared({ key, made: buildStage(stage, options) });
      built.set(key, own);
      const { made } = own;
      links.push({ stage, index, key: own.key, made, x, plans });
      if (index === model.encoderEnd) known[ENCODER_OUTPUT] = made.y;
    }
    return links;
  }

  /** Windows that are longer than the sequences make stages of two kinds the same after all. */
  const shared = (own: Built): Built =>
    [...built.values()].find((other) => isSame(other.made, own.made)) ?? own;

  return (inputs) => {
    const shapes = Object.values(inputs).map(({ shape }) => shape.join("x"));
    const links = chains.get(shapes.join()) ?? make(inputs);
    chains.set(shapes.join(), links);
    return links;
  };
}

interface Built {
  readonly key: string;
  readonly made: StagePrograms;
}

/** Whether programs are equal, byte by byte, with the names of what goes in and comes out. */
function isSame(a: StagePrograms, b: StagePrograms): boolean {
  const programs = (made: StagePrograms) => [made.forward, made.backward, made.evaluate];
  return programs(a).every((program, i) => {
    const other = programs(b)[i];
    return program && other ? sameBytes(program.bytes, other.bytes) : program === other;
  });
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export type Chain = (inputs: InputTypes) => readonly Link[];

/** Of each stage, whether its output depends on a trained parameter: then a cotangent goes back into it. */
function wantedCotangents({ stages, encoderEnd = -1 }: Model, plan: Plan): readonly boolean[] {
  const wanted: boolean[] = [];
  for (const [index, { source, reads, params }] of stages.entries()) {
    const trained = Object.values(params).some((name) => planOf(plan, name).training);
    const follows = source === undefined && (wanted[index - 1] ?? false);
    const remembers = reads.includes(ENCODER_OUTPUT) && (wanted[encoderEnd] ?? false);
    wanted.push(trained || follows || remembers);
  }
  return wanted;
}

const plansOf = (stage: Stage, plan: Plan): Readonly<Record<string, ParamPlan>> =>
  Object.fromEntries(
    Object.entries(stage.params).map(([local, name]) => [local, planOf(plan, name)]),
  );

function typeAt(types: Readonly<Record<string, ValueType>>, name: string): ValueType {
  const type = types[name];
  if (type) return type;
  throw new Error(`internal: the batch has no ${name}`);
}
