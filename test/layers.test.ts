/** The architecture as a test: who imports whom, how long a file is, and which tests belong to which files. */

import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { FLOORS } from "./support/floors.ts";
import { filesOf, importsOf, roomOf, targetOf } from "./support/rooms.ts";

const ROOMS = FLOORS.flat().map(({ room }) => room);

/** The room that a file stands in, and those that it may import beside its own: all that stand below. */
const floorOf = (name: string): number =>
  FLOORS.findIndex((rooms) => rooms.some(({ room }) => room === name));

/** Packages that only some places may import; any other is forbidden. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-node": ["src/runtime/node.ts"],
  "onnxruntime-web": ["src/runtime/web.ts"],
  "onnxruntime-web/webgpu": ["src/runtime/webgpu/runtime.ts"],
  "@huggingface/hub": ["src/hub/"],
  "@huggingface/tokenizers": ["src/text/"],
  "@resvg/resvg-wasm": ["src/lab/"],
  fzstd: ["src/data/bytes/zstd.ts"],
  hyparquet: ["src/data/formats/parquet.ts"],
  "hyparquet-compressors": ["src/data/formats/parquet.ts"],
  koffi: ["src/collective/mpi.ts"],
  "ml-matrix": ["src/compress/subspaces/", "src/lab/"],
  picomatch: ["src/data/formats/glob.ts"],
  sharp: ["src/images/decode.ts"],
  yaml: ["src/cli/"],
  zod: [
    "src/options/",
    "src/runs/",
    "src/generate/",
    "src/images/",
    "src/lab/",
    "src/models/",
    "src/train/",
  ],
};

/** Where Node may be seen: its modules, and what it has beside the Web: `process` and `Buffer`. */
const WITH_NODE: readonly string[] = [
  "src/host/node.ts",
  "src/host/node-memory.ts",
  "src/runtime/node.ts",
  "src/cli/",
];

const mayUseNode = (file: string): boolean => WITH_NODE.some((place) => file.startsWith(place));

/** What Node alone has, as it stands in programs. */
const OF_NODE = /(?<![\w."`])(?:process|Buffer)\.\w|\bNodeJS\.|\b__(?:dir|file)name\b/;

/** Who may bring the host of Node in: whoever starts the program. */
const STARTERS: readonly string[] = ["src/cli/", "src/index.ts"];

/** Tests of a whole folder, or of no file of src/. */
const WITHOUT_MIRROR: readonly string[] = [
  "test/generate/architectures.test.ts",
  "test/data/columns.test.ts",
  "test/tasks/mix.test.ts",
  "test/data/streaming.test.ts",
  "test/docs.test.ts",
  "test/layers.test.ts",
  "test/ops/ops.test.ts",
  "test/optim/optim.test.ts",
  "test/page/page.test.ts",
  "test/page/zip.test.ts",
  "test/pages.test.ts",
  "test/rooms.test.ts",
  "test/runtime/contract.test.ts",
  "test/runtime/telemetry.test.ts",
];
/** Folders of such tests. */
const WHOLE_PROGRAM: readonly string[] = ["test/e2e/"];

const sources = filesOf("src");
/** What a program imports first. */
const isEntry = (path: string) => dirname(path) === "src";
/** A door shows what stands in its room and in the rooms within. */
const isDoor = (path: string) => path.endsWith("/index.ts");
const roomsBehind = (door: string) =>
  ROOMS.filter((room) => room === roomOf(door) || room.startsWith(`${roomOf(door)}/`));

/** What is wrong with an import of `specifier` in `file`; undefined if nothing is. */
function complaint(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) {
    return mayUseNode(file) ? undefined : `${file} imports ${specifier}`;
  }
  if (!specifier.startsWith(".")) {
    const places = PACKAGES[specifier];
    const allowed = places?.some((place) => file.startsWith(place)) ?? false;
    return allowed ? undefined : `${file} imports the package ${specifier}`;
  }
  const target = targetOf(file, specifier);
  if (target === "src/host/node.ts" && !STARTERS.some((place) => file.startsWith(place))) {
    return `${file} imports the host of Node`;
  }
  if (target === "src/errors.ts" || isEntry(file)) return undefined;
  const [own, other] = [roomOf(file), roomOf(target)];
  const shown = isDoor(target) ? roomsBehind(target) : [other];
  const isBelow = (room: string) => floorOf(room) < floorOf(own) && floorOf(room) >= 0;
  const isWithin = (room: string) => isDoor(file) && room.startsWith(`${own}/`);
  const fits = shown.every((room) => room === own || isBelow(room) || isWithin(room));
  return fits ? undefined : `${file} imports ${target}`;
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
    ["src/models/a.ts", "../adapters/adapt.ts"],
    ["src/models/a.ts", "./architectures/gpt2.ts"],
    ["src/engine/a.ts", "../options/config.ts"],
    ["src/weights/a.ts", "../hub/index.ts"],
    ["src/train/a.ts", "../cli/main.ts"],
    ["src/train/a.ts", "onnxruntime-node"],
    ["src/runtime/session.ts", "onnxruntime-web"],
    ["src/ops/a.ts", "node:fs"],
    ["src/hub/download/a.ts", "node:crypto"],
    ["src/host/in-memory.ts", "node:path"],
    ["src/runtime/web.ts", "node:fs"],
    ["src/lab/compare/a.ts", "node:child_process"],
    ["src/weights/a.ts", "../host/node.ts"],
    ["src/data/a.ts", "left-pad"],
  ])("of %s may not be %s", (file, specifier) => {
    expect(complaint(file, specifier)).toBeDefined();
  });
});

describe("what Node alone has", () => {
  it.each(sources.filter((file) => !mayUseNode(file)))("does not stand in %s", (file) => {
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines.filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line) && OF_NODE.test(line))).toEqual(
      [],
    );
  });

  it("is known by its looks", () => {
    const seen = [
      "Buffer.from(a)",
      "  process.env",
      "(process.pid)",
      "a: NodeJS.Timeout",
      "__dirname",
    ];
    expect(seen.filter((text) => !OF_NODE.test(text))).toEqual([]);
    const others = ["a: Buffer;", "run.process.id", "the process. Then", "ArrayBuffer.isView(a)"];
    expect(others.filter((text) => OF_NODE.test(text))).toEqual([]);
  });

  it("is let in at places that there are", () => {
    const places = WITH_NODE.filter((place) => !sources.some((file) => file.startsWith(place)));
    expect(places).toEqual([]);
  });
});

/** The files and packages that a program has in it which begins with `entry`. */
function reachedFrom(entry: string): ReadonlySet<string> {
  const reached = new Set([entry]);
  // A set is gone through to what was added last.
  for (const file of reached) {
    if (!file.startsWith("src/")) continue;
    for (const specifier of importsOf(readFileSync(file, "utf8"))) {
      reached.add(specifier.startsWith(".") ? targetOf(file, specifier) : specifier);
    }
  }
  return reached;
}

describe("the entry for browsers", () => {
  it("reaches training and nothing of Node", () => {
    const reached = [...reachedFrom("src/entries/browser.ts")];
    expect(reached).toContain("src/train/loop.ts");
    expect(reached).toContain("src/host/browser/files.ts");
    expect(reached.filter((name) => name.startsWith("node:") || mayUseNode(name))).toEqual([]);
  });

  it("is told apart from that of Node, which reaches it", () => {
    expect([...reachedFrom("src/index.ts")].some(mayUseNode)).toBe(true);
  });
});

describe("the tree", () => {
  it("has a floor for every room of src/", () => {
    const found = new Set(sources.map(roomOf).filter((room) => room !== ""));
    expect([...found].toSorted()).toEqual(ROOMS.toSorted());
  });

  it("has no room of more than a dozen files", () => {
    const sizes = ROOMS.map((room) => [
      room,
      sources.filter((file) => roomOf(file) === room && !isDoor(file)).length,
    ]);
    expect(sizes.filter(([, size]) => Number(size) > 12)).toEqual([]);
  });

  it("has no file of more than 400 lines", () => {
    const long = sources.filter((file) => readFileSync(file, "utf8").split("\n").length > 401);
    expect(long).toEqual([]);
  });

  it("has a test that imports it, for each file of the engine", () => {
    const imported = new Set(
      filesOf("test").flatMap((file) =>
        importsOf(readFileSync(file, "utf8")).map((specifier) => targetOf(file, specifier)),
      ),
    );
    const engine = sources.filter((file) => file.startsWith("src/engine/") && !isDoor(file));
    expect(engine.filter((file) => !imported.has(file))).toEqual([]);
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
