/** @file A run: everything that training takes, prepared. */

import type { Collective } from "../../collective/index.ts";
import type { Reference } from "../../engine/objectives/preference.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Batch } from "../../models/batch.ts";
import type { Host, ScratchFile } from "../../host/host.ts";
import type { ImageProcessor } from "../../images/processor.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { StreamedData, TrainData } from "../../tasks/task-data.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import type { RunInputs } from "./inputs.ts";
import type { Trainee } from "./method.ts";
import type { SettledConfig } from "../choices/settle.ts";

/** What a run is given from outside. */
export interface RunContext {
  readonly runtime: Runtime;
  readonly host: Host;
  /** The ranks that train together; this process alone if absent. */
  readonly collective?: Collective | undefined;
}

/** What a larger model said of the examples of a run. */
export interface Teacher {
  /** A batch with what it says of the targets. @throws {UsageError} if it was not asked about an example. */
  teach(batch: Batch): Batch;
  /** Writes what it said beside the checkpoints. */
  save(): Promise<void>;
}

/** A run that is ready to begin: its model, its data, and the engine that takes its steps. */
export interface Run extends Trainee {
  readonly config: SettledConfig;
  readonly context: RunContext;
  readonly inputs: RunInputs;
  /** Undefined for a model of images. */
  readonly tokenizer: Tokenizer | undefined;
  /** Undefined for a model of texts. */
  readonly processor: ImageProcessor | undefined;
  readonly data: StreamedData | TrainData;
  readonly engine: Engine;
  /** The file in which the weights lie, if they lie on disk; whoever is handed the run closes it. */
  readonly disk?: ScratchFile | undefined;
  /** What the model said before the first step, where the objective compares with it. */
  readonly reference?: Reference | undefined;
  /** Who says more of the targets, if anybody does. */
  readonly teacher?: Teacher | undefined;
  /** Parameters of the base that are drawn because its checkpoint lacks them. */
  readonly drawn: readonly string[];
  /** What people should know of how it was prepared. */
  readonly notes: readonly string[];
}
