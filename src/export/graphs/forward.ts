/** @file Stages one after another. */

import { mapTensors } from "../../graph/tensors.ts";
import type { Value } from "../../graph/value.ts";
import type { Stage, StageContext } from "../../models/model.ts";

/** The output of the last of these stages; the first reads x. */
export const forward = (
  stages: readonly Stage[],
  weight: (name: string) => Value,
  x: Value,
  context: StageContext,
): Value =>
  stages.reduce((y, stage) => stage.forward(y, mapTensors(stage.params, weight), context), x);
