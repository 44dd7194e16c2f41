/** The architecture as a test: who imports whom, how long a file is, and which tests belong to which files. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, expect, it } from "vitest";

const NUMBERS = ["graph", "ops", "tensor"];
const PARTS = ["adapters", "autodiff", "models", "nn", "onnx", "optim", "random", "runtime"];
const ENGINE = [...NUMBERS, ...PARTS];
const HOST = [
  "data",
  "evaluate",
  "generate",
  "hub",
  "images",
  "predict",
  "text",
  "train",
  "weights",
];
const EVERYTHING = [...ENGINE, ...HOST];
const without = (layers: readonly string[], ...others: readonly string[]) =>
  layers.filter((layer) => !others.includes(layer));

/** What each folder of src/ may import besides itself and src/errors.ts. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  graph: ["tensor"],
  ops: ["graph", "tensor"],
  autodiff: NUMBERS,
  nn: NUMBERS,
  models: ["nn", ...NUMBERS],
  // Of the files, the format of their settings.
  adapters: ["models", "nn", "weights", ...NUMBERS],
  optim: NUMBERS,
  // The operators for their numbers of element types, and the rewrites that belong to them.
  onnx: NUMBERS,
  runtime: ["graph", "onnx", "tensor"],
  random: ["tensor"],
  weights: ["tensor"],
  hub: ["tensor", "weights"],
  text: ["tensor", "weights"],
  images: ["tensor", "weights"],
  data: ["images", "random", "tensor", "text"],
  generate: without(EVERYTHING, "autodiff", "hub", "optim", "train"),
  export: without(EVERYTHING, "autodiff", "hub", "optim", "train"),
  evaluate: without(EVERYTHING, "autodiff", "hub", "optim", "train"),
  predict: without(EVERYTHING, "autodiff", "hub", "optim", "train"),
  train: EVERYTHING,
  lab: EVERYTHING,
  cli: [...EVERYTHING, "export", "lab"],
};

/** Packages that only some places may import; any other package, and every part of Node, is free. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-node": ["src/runtime/node.ts"],
  "onnxruntime-web": ["src/runtime/web.ts"],
  "@huggingface/hub": ["src/hub/"],
  "@huggingface/jinja": ["src/text/"],
  "@huggingface/tokenizers": ["src/text/"],
  "@resvg/resvg-wasm": ["src/lab/"],
  citty: ["src/cli/"],
  "ml-matrix": ["src/lab/"],
  sharp: ["src/images/decode.ts"],
  yaml: ["src/cli/"],
  zod: ["src/generate/", "src/images/", "src/lab/", "src/models/", "src/train/"],
};

/** Layers that compute and describe, and never touch a file or the process. */
const WITHOUT_NODE = [
  ...NUMBERS,
  "adapters",
  "autodiff",
  "nn",
  "models",
  "onnx",
  "optim",
  "random",
  "runtime",
];

/** Tests of a whole folder, or of no file of src/. */
const WITHOUT_MIRROR: readonly string[] = [
  "test/generate/architectures.test.ts",
  "test/layers.test.ts",
  "test/ops/ops.test.ts",
  "test/optim/optim.test.ts",
];
/** Folders of such tests. */
const WHOLE_PROGRAM: readonly string[] = ["test/e2e/"];

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll(sep, "/"))
    .toSorted();

const sources = filesOf("src");
const layerOf = (path: string) => path.split("/")[1] ?? "";

/** The specifiers of all imports and re-exports, static and dynamic. */
function importsOf(text: string): string[] {
  const patterns = [
    /^(?:import|export)\s[^"';]*?from\s+"([^"]+)"/gm,
    /^import\s+"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, found = ""]) => found));
}

/** What is wrong with an import of `specifier` in `file`; undefined if nothing is. */
function complaint(file: string, specifier: string): string | undefined {
  const layer = layerOf(file);
  if (specifier.startsWith("node:")) {
    const isForNode = file === "src/runtime/node.ts" || !WITHOUT_NODE.includes(layer);
    return isForNode ? undefined : `${file} imports ${specifier}`;
  }
  if (!specifier.startsWith(".")) {
    const places = PACKAGES[specifier];
    const allowed = places?.some((place) => file.startsWith(place)) ?? false;
    return allowed ? undefined : `${file} imports the package ${specifier}`;
  }
  const target = normalize(join(dirname(file), specifier)).replaceAll(sep, "/");
  const other = layerOf(target);
  if (target === "src/errors.ts" || other === layer || file === "src/index.ts") return undefined;
  return LAYERS[layer]?.includes(other) ? undefined : `${file} imports ${target}`;
}

describe("an import", () => {
  it.each(sources)("of %s stays within its layer", (file) => {
    const complaints = importsOf(readFileSync(file, "utf8")).map((specifier) =>
      complaint(file, specifier),
    );
    expect(complaints.filter((text) => text !== undefined)).toEqual([]);
  });

  it.each([
    ['import { a } from "./b.ts";', ["./b.ts"]],
    ['import {\n  type A,\n  b,\n} from "../c/d.ts";', ["../c/d.ts"]],
    ['import type { A } from "zod";\nexport * from "./e.ts";', ["zod", "./e.ts"]],
    ['import "./effect.ts";', ["./effect.ts"]],
    ['const m = await import("onnxruntime-web");', ["onnxruntime-web"]],
    ['const text = "import nothing from here";', []],
  ])("is found in %j", (text, expected) => {
    expect(importsOf(text)).toEqual(expected);
  });

  it.each([
    ["src/graph/a.ts", "../ops/b.ts"],
    ["src/optim/a.ts", "../models/gpt2.ts"],
    ["src/models/a.ts", "../optim/adam.ts"],
    ["src/generate/a.ts", "../autodiff/index.ts"],
    ["src/train/a.ts", "../cli/main.ts"],
    ["src/train/a.ts", "onnxruntime-node"],
    ["src/runtime/session.ts", "onnxruntime-web"],
    ["src/ops/a.ts", "node:fs"],
    ["src/data/a.ts", "left-pad"],
  ])("of %s may not be %s", (file, specifier) => {
    expect(complaint(file, specifier)).toBeDefined();
  });
});

describe("the tree", () => {
  it("has a rule for every folder of src/", () => {
    const folders = new Set(sources.filter((file) => file.split("/").length > 2).map(layerOf));
    expect([...folders].filter((folder) => !(folder in LAYERS))).toEqual([]);
  });

  it("has no file of more than 400 lines", () => {
    const long = sources.filter((file) => readFileSync(file, "utf8").split("\n").length > 401);
    expect(long).toEqual([]);
  });

  it("mirrors src/ in test/", () => {
    const strays = filesOf("test").filter(
      (file) =>
        file.endsWith(".test.ts") &&
        !WITHOUT_MIRROR.includes(file) &&
        !WHOLE_PROGRAM.some((folder) => file.startsWith(folder)) &&
        !existsSync(file.replace(/^test/, "src").replace(/\.test\.ts$/, ".ts")),
    );
    expect(strays).toEqual([]);
  });
});
