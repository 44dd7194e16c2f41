/** The studio as static files: `npm run build:studio`. */

import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin, type UserConfig } from "vite";

const OUTPUT = fileURLToPath(new URL("dist-studio/", import.meta.url));
/**
 * onnxruntime-web stays as it is, in a folder of its own: its threads load its files by their names, and `flora studio` serves them from the
 * package where that is installed.
 */
const RUNTIME: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-web": [
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
  ],
  "onnxruntime-web/webgpu": [
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
  ],
};
/** What the worker imports of it, by the names of the package. */
const BESIDE = Object.fromEntries(
  Object.entries(RUNTIME).map(([name, [module]]) => [name, `../ort/${module}`]),
);

const runtimeBeside: Plugin = {
  name: "runtime-beside",
  async writeBundle() {
    await mkdir(`${OUTPUT}ort`, { recursive: true });
    const from = fileURLToPath(new URL(".", import.meta.resolve("onnxruntime-web")));
    await Promise.all(
      Object.values(RUNTIME)
        .flat()
        .map((name) => copyFile(from + name, `${OUTPUT}ort/${name}`)),
    );
  },
};

/** Folders of the packages of which something is in the bundle. */
const packages = new Set<string>();

/** Of the page, and of its worker, which is a bundle of its own. */
const collectPackages = (): Plugin => ({
  name: "collect-packages",
  generateBundle(_, bundle) {
    for (const output of Object.values(bundle)) {
      for (const id of output.type === "chunk" ? output.moduleIds : []) {
        const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id) ?? [];
        if (folder !== undefined) packages.add(folder);
      }
    }
  },
});

/** Their terms, which ask to come along. */
const licensesBeside: Plugin = {
  name: "licenses-beside",
  async writeBundle() {
    const texts = [...packages].toSorted().map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(`${folder}/package.json`, "utf8"),
      );
      const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
      const terms = file === undefined ? "" : await readFile(`${folder}/${file}`, "utf8");
      return `${name} ${version}, ${license}\n\n${terms.trim()}\n`;
    });
    await writeFile(`${OUTPUT}licenses.txt`, (await Promise.all(texts)).join("\n\n"));
  },
};

/** Packages that stand beside the bundle, or that a tab does without: images are decoded by a library of C. */
const external = [...Object.keys(RUNTIME), "sharp"];

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
    rollupOptions: { checks: { bundlerTimings: false } },
  },
  worker: {
    format: "es",
    plugins: () => [collectPackages()],
    rollupOptions: {
      external,
      output: { paths: BESIDE },
    },
  },
  plugins: [collectPackages(), runtimeBeside, licensesBeside],
});
export default config;
