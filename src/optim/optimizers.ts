/** @file The optimizers that may be asked for by name: whatever stands here is known to the registry, the options and the command line. */

export { ADAFACTOR as adafactor } from "./adafactor.ts";
export { ADAM as adam, ADAMW as adamw } from "./adam.ts";
export { MOMENTUM as momentum } from "./sgd.ts";
export { MUON as muon } from "./muon.ts";
export { SCALE as scale } from "./scale.ts";
export { SGD as sgd } from "./sgd.ts";
