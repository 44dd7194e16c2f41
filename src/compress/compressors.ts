/** @file The compressors that may be asked for by name: whatever stands here is known to the registry, the options and the command line. */

export { DENSE as dense, FLORA as flora } from "./flora-compressor.ts";
