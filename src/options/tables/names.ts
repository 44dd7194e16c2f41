/** @file The names of what is learned, and of the methods of training. */

import { ADAPTER_METHODS, type AdapterMethod, isAdapterMethod } from "../../adapters/methods.ts";
import {
  COMPRESSOR_NAMES,
  type CompressorName,
  COMPRESSORS,
} from "../../compress/methods/registry.ts";

/** What a run may learn, as the option `task` names it. */
export const TASK_NAMES = ["text", "pairs", "mask", "classify", "embed", "preference"] as const;
/** The name of a task among the options. */
export type TaskName = (typeof TASK_NAMES)[number];

/** What a run may be followed in besides its log, as the option `track` names it. */
export const TRACKER_NAMES = ["tensorboard", "csv", "jsonl"] as const;
/** The name of a tracker among the options. */
export type TrackerName = (typeof TRACKER_NAMES)[number];

/** How gradients are kept, or which adapters are trained instead. */
export type Method = CompressorName | AdapterMethod;

const ADAPTER_LABELS: Readonly<Record<AdapterMethod, string>> = {
  lora: "LoRA",
  "lora-fa": "LoRA-FA",
  "lora+": "LoRA+",
  dora: "DoRA",
  relora: "ReLoRA",
  plora: "PLoRA",
  cola: "COLA",
};

/** In the order of the help. */
export const METHODS: readonly Method[] = [...COMPRESSOR_NAMES, ...ADAPTER_METHODS];

/** Whether a method has one rank, whatever is asked for. */
export const hasOwnRank = (method: Method): boolean =>
  !isAdapterMethod(method) && COMPRESSORS[method].rank !== undefined;

/** A method as people write it. */
export const methodLabel = (method: Method): string =>
  isAdapterMethod(method) ? ADAPTER_LABELS[method] : COMPRESSORS[method].label;

/** A help text as a sentence, in which a method has its name. */
export function asSentence(help: string): string {
  const [word = ""] = /^[\w+-]+/.exec(help) ?? [];
  const names = new Map<string, string>(METHODS.map((method) => [method, methodLabel(method)]));
  const start = names.get(word) ?? word.slice(0, 1).toUpperCase() + word.slice(1);
  return `${start}${help.slice(word.length)}.`;
}
