/** @file Training. */

export {
  type OptionHelp,
  optionHelp,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "./config.ts";
export type * from "./events.ts";
export { predictMemory } from "./memory.ts";
export { train, type TrainRunOptions } from "./trainer.ts";
