/** @file What runs in the page. */

import { wasmRuntime } from "flora-train/runtime/web";
import { train } from "./train.js";

/** The losses of WebAssembly. */
export const losses = () => train(wasmRuntime());
