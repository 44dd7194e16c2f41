/**
 * @file flora: full-rank training of transformers in LoRA-sized memory. What most programs need, on Node.js: whatever reads or writes
 * files has the host of Node here. The layers have entry points of their own (`flora-train/engine`, `flora-train/graph`, ...), in which
 * the host is the first argument, or one of the options.
 */

import { onHost, type OnHost } from "./entries/on-host.ts";
import { nodeHost } from "./host/node.ts";
import { openRuntime } from "./runtime/device.ts";
import { cpuRuntime } from "./runtime/node.ts";

export * from "./entries/everywhere.ts";
export { cpuRuntime, nodeHost, openRuntime };

const own = onHost(nodeHost(), openRuntime);

/** See `OnHost.loadModel`. */
export const loadModel: OnHost["loadModel"] = own.loadModel;
/** See `OnHost.loadImageModel`. */
export const loadImageModel: OnHost["loadImageModel"] = own.loadImageModel;
/** See `OnHost.classifyImages`. */
export const classifyImages: OnHost["classifyImages"] = own.classifyImages;
/** See `OnHost.loadTokenizer`. */
export const loadTokenizer: OnHost["loadTokenizer"] = own.loadTokenizer;
/** See `OnHost.predictMemory`. */
export const predictMemory: OnHost["predictMemory"] = own.predictMemory;
/** See `OnHost.train`. */
export const train: OnHost["train"] = own.train;
/** See `OnHost.readLog`. */
export const readLog: OnHost["readLog"] = own.readLog;
/** See `OnHost.followLog`. */
export const followLog: OnHost["followLog"] = own.followLog;
/** See `OnHost.readConfig`. */
export const readConfig: OnHost["readConfig"] = own.readConfig;
/** See `OnHost.loadWeights`. */
export const loadWeights: OnHost["loadWeights"] = own.loadWeights;
/** See `OnHost.saveModel`. */
export const saveModel: OnHost["saveModel"] = own.saveModel;
