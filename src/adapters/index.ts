/** @file LoRA and its family, as reparametrisations that models do not know about. */

export { adaptModel } from "./adapt.ts";
export {
  type Adapter,
  adaptedSizes,
  type AdaptedWeight,
  adapterNames,
  type AdapterNames,
  type AdapterValues,
  linearSizes,
  mergedWeight,
  moduleOf,
  tokenHead,
  tokenTable,
  type LinearSizes,
} from "./adapter.ts";
export type { AdapterLayout } from "./dora.ts";
export {
  ADAPTER_FAMILY,
  ADAPTER_METHODS,
  ADAPTER_STARTS,
  type AdapterFamily,
  type AdapterMethod,
  type AdapterStart,
  type AfterMerge,
  isAdapterMethod,
} from "./methods.ts";
export {
  adaptersOf,
  peftName,
  type PeftSettings,
  settingsOf,
  type StoredAdapters,
} from "./peft.ts";
export type { NewTokens, TokenRows } from "./token-rows.ts";
export { chooseAdapters, linearWeights, type TargetOptions } from "./targets.ts";
