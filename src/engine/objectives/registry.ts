/** @file The objective that a model proposes. */

import type { Model } from "../../models/model.ts";
import { crossEntropy } from "./cross-entropy.ts";
import type { Objective } from "./objective.ts";
import { similarity } from "./similarity.ts";

/** Cross-entropy over the rows of the head; without a head, hidden states are compared. */
export const objectiveOf = ({ head }: Model, labelSmoothing = 0): Objective =>
  head ? crossEntropy({ labelSmoothing }) : similarity;
