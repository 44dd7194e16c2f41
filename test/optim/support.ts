/** Running optimizers on one parameter, step by step. */

import { mapTensors, type Tensors } from "../../src/graph/tensors.ts";
import { input, type Value } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { add } from "../../src/ops/elementwise.ts";
import type { GradientTransformation, UpdateContext, Updated } from "../../src/optim/index.ts";
import { type HostTensor, scalarTensor, zeros } from "../../src/tensor/host-tensor.ts";
import {
  type HostTensors,
  type LoadedProgram,
  loadProgram,
  tensorNamed,
} from "../support/graph.ts";

type StateSpecs = ReturnType<GradientTransformation["init"]>;

export interface StepInputs {
  readonly learningRate: number;
  /** Counted from 1. */
  readonly step: number;
  /** The gradient, and whatever else the update reads. */
  readonly feeds: HostTensors;
}

/** A parameter with its optimizer state. */
export interface Trained {
  readonly param: HostTensor;
  readonly state: HostTensors;
}

export interface Stepper {
  readonly initial: HostTensors;
  step(before: Trained, inputs: StepInputs): Promise<Trained>;
  release(): Promise<void>;
}

/** Compiles param + update; `update` gets the state by name, and a context that feeds its scalars. */
export async function makeStepper(
  shape: readonly number[],
  specs: StateSpecs,
  update: (state: Tensors, context: UpdateContext) => Updated,
): Promise<Stepper> {
  const scalars = new Map<string, (step: number) => number>();
  const scalar = (name: string): Value => input(name, "float32", []);
  const param = input("param", "float32", shape);
  const stateInputs = mapTensors(specs, (spec, name) => input(name, "float32", spec.shape));
  const result = update(stateInputs, {
    param,
    learningRate: scalar("learningRate"),
    stepScalar(name, ofStep) {
      scalars.set(name, ofStep);
      return scalar(name);
    },
    chance: () => scalar("chance"),
  });
  const next = Object.entries(result.state).map(([name, value]) => [`next ${name}`, value]);
  const program: LoadedProgram = await loadProgram(
    compile({ updated: add(param, result.update), ...Object.fromEntries(next) }),
  );
  return {
    initial: Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [name, filled(spec.shape, spec.initial)]),
    ),
    async step({ param: before, state }, { learningRate, step, feeds }) {
      const computed = [...scalars].map(
        ([name, ofStep]) => [name, scalarTensor("float32", ofStep(step))] as const,
      );
      const results = await program.run({
        ...feeds,
        ...state,
        ...Object.fromEntries(computed),
        param: before,
        learningRate: scalarTensor("float32", learningRate),
      });
      return {
        param: tensorNamed(results, "updated"),
        state: Object.fromEntries(
          Object.keys(specs).map((name) => [name, tensorNamed(results, `next ${name}`)]),
        ),
      };
    },
    release: () => program.release(),
  };
}

/** A stepper for a transformation that reads the feed `gradient`. */
export const stepperOf = (
  transformation: GradientTransformation,
  shape: readonly number[],
): Promise<Stepper> =>
  makeStepper(shape, transformation.init(shape), (state, context) =>
    transformation.update(input("gradient", "float32", shape), state, context),
  );

function filled(shape: readonly number[], value: number): HostTensor {
  const tensor = zeros("float32", shape);
  for (let i = 0; i < tensor.data.length; i += 1) tensor.data[i] = value;
  return tensor;
}
