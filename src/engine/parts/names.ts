/** @file The names under which the programs of the engine know what they are fed and what is fetched. */

/** A tensor of the accumulator of a parameter, which is an input and, with a prime, an output. */
export const accumulatorName = (param: string, key: string): string => `acc:${param}/${key}`;
export const isAccumulator = (name: string): boolean => name.startsWith("acc:");

/** The projection matrix of a parameter. */
export const projectionName = (param: string): string => `A:${param}`;

/** The dropout mask of a place in a stage. */
export const maskName = (place: string): string => `mask:${place}`;

/** The noise on the embeddings of tokens. */
export const NOISE = "noise";

/** The cotangent of the encoder's output, to which every stage that reads it adds its own. */
export const ENCODER_COTANGENT = "dEncoded";

/** What an input is called once the program has updated it. */
export const nextName = (name: string): string => `${name}'`;

/** The slot of the cotangent that goes into a stage: that of its neighbour is read meanwhile. */
export const cotangentSlot = (stage: number): string => `dx ${stage % 2}`;

/** The slot of a scratch accumulator of stages of one kind. */
export const scratchSlot = (kind: string, param: string, key: string): string =>
  `scratch ${kind} ${accumulatorName(param, key)}`;
export const isScratchSlot = (slot: string): boolean => slot.startsWith("scratch ");
