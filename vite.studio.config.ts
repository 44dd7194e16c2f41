/** The studio as static files: `npm run build:studio`. */

import { copyFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin, type UserConfig } from "vite";

const OUTPUT = fileURLToPath(new URL("dist-studio/", import.meta.url));
/**
 * onnxruntime-web stays as it is, in a folder of its own: its threads load its files by their names, and `flora studio` serves them from the
 * package where that is installed.
 */
const RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

const runtimeBeside: Plugin = {
  name: "runtime-beside",
  async writeBundle() {
    await mkdir(`${OUTPUT}ort`, { recursive: true });
    const from = fileURLToPath(new URL(".", import.meta.resolve("onnxruntime-web")));
    await Promise.all(RUNTIME.map((name) => copyFile(from + name, `${OUTPUT}ort/${name}`)));
  },
};

/** Packages that stand beside the bundle, or that a tab does without: images are decoded by a library of C. */
const external = ["onnxruntime-web", "sharp"];

const config: UserConfig = defineConfig({
  root: "page/studio",
  base: "./",
  logLevel: "warn",
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2023",
    chunkSizeWarningLimit: 2000,
    // A page that is served with a policy has its styles and its programs in files.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  worker: {
    format: "es",
    rollupOptions: {
      external,
      output: { paths: { "onnxruntime-web": "../ort/ort.wasm.min.mjs" } },
    },
  },
  plugins: [runtimeBeside],
});
export default config;
