/** @file The compressors that may be asked for by name: whatever stands here is known to the registry, the options and the command line. */

export { APOLLO as apollo, APOLLO_MINI as "apollo-mini" } from "./apollo.ts";
export { COMPACT as compact } from "./compact.ts";
export { FIRA as fira } from "./fira.ts";
export { GALORE as galore } from "./galore.ts";
export { GUM as gum } from "./gum.ts";
export { LDADAM as ldadam } from "./ldadam.ts";
export { LORA_PRE as "lora-pre" } from "./lora-pre.ts";
export { DENSE as dense, FLORA as flora } from "./weights.ts";
