/** @file What a run may be given in place of what its options name: data in memory, a loaded model, parts of one's own. */

import type { Compressor } from "../../compress/compressor.ts";
import type { Objective } from "../../engine/objectives/objective.ts";
import type { LoadedModel } from "../../generate/load-model.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { Schedule } from "../../optim/schedule.ts";
import type { DatasetRequest } from "../../tasks/reading/dataset.ts";
import type { Tokenizer } from "../../text/index.ts";

/** A score of generated texts against their references, each with its own. */
export type Metric = (outputs: readonly string[], references: readonly string[]) => number;

/** Data and formats in place of the files of the options. */
export type DataInputs = Pick<DatasetRequest, "data" | "formats" | "heldOut">;

/** What a run may be given in place of what its options name. */
export interface RunInputs extends DataInputs {
  /** A model whose weights are copied; it may be used on. */
  readonly model?: LoadedModel | undefined;
  readonly tokenizer?: Tokenizer | undefined;
  readonly compressor?: Compressor | undefined;
  readonly optimizer?: Optimizer | undefined;
  /** Factors of the peak rate by step, counted from 0; the warm-up is its own business. */
  readonly schedule?: Schedule | undefined;
  readonly objective?: Objective | undefined;
  /** By name; told with the held-out translations. */
  readonly metrics?: Readonly<Record<string, Metric>> | undefined;
  /** Whether files are written; true by default. */
  readonly writes?: boolean | undefined;
}
