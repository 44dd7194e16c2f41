/** @file Random numbers from keys: the same bits on every runtime. */

export * from "./draw.ts";
export * from "./integers.ts";
export * from "./key.ts";
export * from "./orthonormal.ts";
export * from "./subset.ts";
export * from "./threefry.ts";
