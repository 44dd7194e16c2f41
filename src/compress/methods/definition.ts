/** @file What a compressor is that can be asked for by its name. */

import type { OptimizerName } from "../../optim/registry.ts";
import type { Compressor } from "../compressor.ts";
import type { FloraOptions } from "../flora-compressor.ts";

/** What the options of a run say to compressors. */
export interface CompressorOptions extends FloraOptions {
  /** α: a factor of the updates of compressed weights. */
  readonly alpha: number;
}

/** What a method that steps by the moments of an optimizer in a subspace takes where nothing is said. */
export interface OwnMoments {
  readonly optimizer: OptimizerName;
  readonly alpha: number;
  /** Those that it works with; all whose state can live in a subspace if absent. */
  readonly optimizers?: readonly OptimizerName[];
}

/** A compressor that can be asked for by its name. */
export interface CompressorDefinition {
  /** Its name as people write it. */
  readonly label: string;
  /** The rank, where no other makes sense. */
  readonly rank?: number;
  /** Where its rule is made of the moments of an optimizer: then there is no other momentum. */
  readonly ownMoments?: OwnMoments;
  /** Whether its projections are learned, so that none are drawn from a family; false by default. */
  readonly isLearned?: boolean;
  /** Whether it follows its subspaces from step to step, so that there is no interval between them either; false by default. */
  readonly follows?: boolean;
  create(options: CompressorOptions): Compressor;
}
