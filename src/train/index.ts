/** @file Training. */

export {
  type OptionHelp,
  optionHelp,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "../options/config.ts";
export type * from "../runs/events.ts";
export { predictMemory } from "./memory.ts";
export type { RunContext } from "./prepare.ts";
export { train, type TrainContext } from "./train.ts";
