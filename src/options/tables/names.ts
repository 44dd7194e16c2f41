/** @file The names of what is learned, and of the methods of training. */

import type { AdapterMethod } from "../../adapters/methods.ts";
import type { CompressorName } from "../../compress/registry.ts";

/** What a run may learn, as the option `task` names it. */
export const TASK_NAMES = ["text", "pairs", "mask", "classify", "embed"] as const;
/** The name of a task among the options. */
export type TaskName = (typeof TASK_NAMES)[number];

/** How gradients are kept, or which adapters are trained instead. */
export type Method = CompressorName | AdapterMethod;

/** The methods as people write them, in the order of the help. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  flora: "FLORA",
  dense: "dense",
  lora: "LoRA",
  "lora-fa": "LoRA-FA",
  "lora+": "LoRA+",
  relora: "ReLoRA",
  plora: "PLoRA",
  cola: "COLA",
};

/** A help text as a sentence, in which a method has its name. */
export function asSentence(help: string): string {
  const [word = ""] = /^[\w+-]+/.exec(help) ?? [];
  const names = new Map<string, string>(Object.entries(METHOD_NAMES));
  const start = names.get(word) ?? word.slice(0, 1).toUpperCase() + word.slice(1);
  return `${start}${help.slice(word.length)}.`;
}
