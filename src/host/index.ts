/** @file What is outside the program, and a host in memory. The host of Node is `flora-train/host/node`. */

export { type StagedFile, stageFile, type Write, writeFileAtomic } from "./atomic.ts";
export { exists, readBytes, readText, writeFile } from "./content.ts";
export type {
  Clock,
  FileEntry,
  FileInfo,
  FileStore,
  Hash,
  HashAlgorithm,
  Host,
  Lock,
  LockHolder,
  Memory,
  NewFile,
  ReadableFile,
  ScratchFile,
  WritableFile,
} from "./host.ts";
export { type MemoryHost, memoryHost, type MemoryHostOptions } from "./in-memory.ts";
export type { UnsyncedChange } from "./memory-disk.ts";
