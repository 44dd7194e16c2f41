/** @file Training. */

export {
  checkOptions,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "../options/config.ts";
export { jsonSchema } from "../options/json-schema.ts";
export { OPTIONS } from "../options/option-table.ts";
export type { Option, OptionTable } from "../options/option.ts";
export type * from "../runs/events.ts";
export { predictMemory } from "./memory.ts";
export type { RunContext } from "./prepare.ts";
export { train, type TrainContext } from "./train.ts";
