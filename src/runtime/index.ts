/** @file Runtimes: what runs programs, and keeps the tensors that they read and write. */

export { createProgramCache, type ProgramCache } from "./programs.ts";
export {
  type Buffer,
  type Buffers,
  type DiskUse,
  type Executable,
  type LoadOptions,
  readTensor,
  type Runtime,
  type View,
  type Views,
} from "./runtime.ts";
export type { Slots } from "./slots.ts";
