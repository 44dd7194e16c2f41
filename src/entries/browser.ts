/**
 * @file What `flora-train` is in a browser: the same functions as on Node, for a worker. Files are those of the origin private file system, a GPU or
 * WebAssembly computes, and no module of Node is reached.
 *
 * @example
 * // In a worker of a page:
 * import { train } from "flora-train";
 * const run = train({ model: { n_layer: 2 }, data: rows, steps: 100, output: "runs/mine" });
 * for await (const event of run) postMessage(event);
 */

import { browserHost } from "../host/browser/index.ts";
import { openWebRuntime } from "../runtime/webgpu/open.ts";
import { onHost, type OnHost } from "./on-host.ts";

export * from "./everywhere.ts";
export { browserHost, openWebRuntime as openRuntime };

const own = onHost(browserHost(), openWebRuntime);

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
