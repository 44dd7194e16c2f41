/** @file Every reader, with files that it likes, and damage done to them: for each input there is a result, or one sentence. */

import { readFileSync } from "node:fs";
import { parseOptionsFile } from "../../src/cli/arguments/options-file.ts";
import { examplesOf } from "../../src/data/examples-of.ts";
import { FormatError, ShapeError, UsageError } from "../../src/errors.ts";
import type { FileStore } from "../../src/host/host.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { checkOptions } from "../../src/options/config.ts";
import { readLog } from "../../src/runs/read-log.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { createChat, loadTokenizer } from "../../src/text/index.ts";
import { byteTokenizer } from "../../src/text/tokenizers/bytes.ts";
import { findCheckpoint } from "../../src/train/output/checkpoints.ts";
import { loadAdapter, readConfig } from "../../src/weights/index.ts";
import { openSafetensors, writeSafetensors } from "../../src/weights/files/safetensors.ts";
import { templates } from "../support/chat.ts";

interface Reader {
  /** The file that is damaged. */
  readonly path: string;
  /** Contents that are right. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Files beside it. */
  readonly beside?: Readonly<Record<string, string | Uint8Array>>;
  readonly read: (files: FileStore, text: string) => Promise<unknown>;
}

const fixture = (path: string): Uint8Array => readFileSync(new URL(`../${path}`, import.meta.url));
const textOf = (path: string): string => new TextDecoder().decode(fixture(path));

const written = memoryHost().files;
await writeSafetensors(written, "a.safetensors", [
  ["h.0.w", float32([2, 2], Float32Array.of(1, 2, 3, 4))],
  ["b", float32([2], Float32Array.of(1, 2))],
]);
const weights = await (await written.open("a.safetensors")).read(0, 1e6);

const config = (fields: object): string => JSON.stringify(fields, undefined, 1);

async function readAll(files: FileStore, path: string): Promise<void> {
  const file = await openSafetensors(files, path);
  try {
    for (const name of file.tensors.keys()) await file.read(name);
  } finally {
    await file.close();
  }
}

const data = (path: string, seeds: Reader["seeds"]): Reader => ({
  path,
  seeds,
  async read(files) {
    const open = () => examplesOf({ input: path, name: "data", files, columns: {} });
    const kind = await open().kind();
    if (kind === "pairs") return open().pairs();
    if (kind === "conversations") return open().conversations();
    if (kind === undefined) return open().labelled();
    for await (const _ of open().texts());
    return undefined;
  },
});

export const READERS: Readonly<Record<string, Reader>> = {
  safetensors: {
    path: "a.safetensors",
    seeds: [weights],
    read: (files) => readAll(files, "a.safetensors"),
  },
  checkpoint: {
    path: "run/checkpoint/step-00000002.safetensors",
    seeds: [fixture("fixtures/runs/with-identity/checkpoint/step-00000002.safetensors")],
    read: (files) => findCheckpoint(files, "run"),
  },
  "config.json": {
    path: "m/config.json",
    seeds: [
      config({
        model_type: "gpt2",
        n_embd: 8,
        n_layer: 1,
        n_head: 2,
        n_positions: 8,
        vocab_size: 9,
      }),
      config({
        model_type: "llama",
        hidden_size: 8,
        intermediate_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        vocab_size: 9,
        rope_theta: 1e4,
      }),
      config({
        model_type: "bert",
        hidden_size: 8,
        intermediate_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        vocab_size: 9,
      }),
      config({
        model_type: "t5",
        d_model: 8,
        d_ff: 8,
        d_kv: 4,
        num_layers: 1,
        num_heads: 2,
        vocab_size: 9,
      }),
    ],
    read: async (files) => modelFromConfig(await readConfig(files, "m")),
  },
  "tokenizer.json": {
    path: "t/tokenizer.json",
    seeds: ["bert", "gpt2", "llama", "t5"].map((name) => {
      const { files }: { readonly files: { readonly "tokenizer.json": object } } = JSON.parse(
        textOf(`golden/small_tokenizers/${name}.json`),
      );
      return JSON.stringify(files["tokenizer.json"]);
    }),
    async read(files) {
      const tokenizer = await loadTokenizer(files, "t");
      return tokenizer.decode(tokenizer.encode("The dog's 12 cats, naïve 犬 😀."));
    },
  },
  "adapter_config.json": {
    path: "a/adapter_config.json",
    seeds: [textOf("golden/peft_adapter/adapter_config.json")],
    beside: {
      "a/adapter_model.safetensors": fixture("golden/peft_adapter/adapter_model.safetensors"),
    },
    read: (files) => loadAdapter(files, "a"),
  },
  "a chat template": {
    path: "chat_template.jinja",
    // They need no special tokens of a tokenizer.
    seeds: templates
      .filter(({ name }) => ["ChatML", "thinking"].includes(name))
      .map(({ template }) => template),
    async read(_, text) {
      const tokenizer = byteTokenizer();
      const chat = createChat({
        ...tokenizer,
        files: new Map([...tokenizer.files, ["chat_template.jinja", text]]),
      });
      const messages = ["user", "assistant"].map((role) => ({ role, content: "a" }));
      return chat.encode(messages);
    },
  },
  jsonl: data("d.jsonl", [
    '{"source": "a", "target": "b"}\n{"source": "c", "target": "d"}\n',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}\n',
    '{"text": "a"}\n{"text": "b"}\n',
  ]),
  json: data("d.json", [
    '[{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]',
    '{"text": "a"}{"text": "b"}',
  ]),
  csv: data("d.csv", ['text,label\n"a, ""b""\nc",d\n', "source;target\n1;2\n"]),
  tsv: data("d.tsv", ['a\tb\n"c\td"\te\n', "source\ttarget\r\na\tb\r\n"]),
  parquet: data(
    "d.parquet",
    ["none", "chats", "brotli", "zstd"].map((name) => fixture(`golden/data_files/${name}.parquet`)),
  ),
  zstd: data("d.jsonl.zst", [fixture("golden/data_files/pairs.jsonl.zst")]),
  text: data("d.txt", ["a line\nanother\r\nlast", "\uFEFFwith a mark"]),
  "a file of options": {
    path: "o.yaml",
    seeds: [
      "rank: 8\nmodel:\n  n_layer: 2\ninclude: ['*']\nsteps: 3 # a few\n",
      "include: &a [h]\nexclude: *a\n",
    ],
    read: async (_, text) => checkOptions(parseOptionsFile("o.yaml", text).options),
  },
  "a log": {
    path: "run/log.jsonl",
    seeds: [
      '{"type":"step","step":1,"totalSteps":2,"loss":1.5,"learningRate":0.1,"tokens":3,"elapsedMs":1,"tokensPerSecond":1,"gflopsPerSecond":1,"etaMs":1,"residentBytes":1}\n',
    ],
    read: (files) => readLog(files, "run"),
  },
};

/** Numbers from 0 up to a limit, the same in every run of a seed. */
export function chooser(seed: number): (limit: number) => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** What stands in files that are wrong. */
const PIECES = [
  "null",
  "-1",
  "1e999",
  "[]",
  "{}",
  '""',
  "{",
  "}",
  "[",
  '"',
  "\u0000",
  "\uFFFD",
  "true",
  "9".repeat(30),
  "[".repeat(200),
  "\n",
  "\t",
  ",",
  ":",
  "{{",
  "{%",
  "%}",
  "&a",
  "*a",
  "<<: *a",
  "__proto__",
  "\\u",
  "😀",
  "-",
];

/** A file that was damaged in one to four places. */
export function damagedFile(seeds: Reader["seeds"], choose: (limit: number) => number): Uint8Array {
  const bytesOf = (content: string | Uint8Array): Uint8Array =>
    typeof content === "string" ? new TextEncoder().encode(content) : content;
  const pick = () => bytesOf(seeds[choose(seeds.length)] ?? "");
  let bytes = pick();
  for (let times = 1 + choose(4); times > 0; times--) {
    const [from, length] = [choose(bytes.length + 1), choose(9)];
    const [before, after] = [bytes.subarray(0, from), bytes.subarray(from + length)];
    const others = pick();
    const start = choose(others.length + 1);
    const middle = [
      () => Uint8Array.of(choose(256)),
      () => new Uint8Array(),
      () => bytesOf(PIECES[choose(PIECES.length)] ?? ""),
      () => others.subarray(start, start + choose(60)),
    ][choose(4)]?.();
    bytes = Uint8Array.from([...before, ...(middle ?? []), ...(choose(20) === 0 ? [] : after)]);
  }
  return bytes;
}

/** What comes of an input: a result, a sentence, or what should never be. */
export async function outcomeOf(
  { path, beside = {}, read }: Reader,
  content: Uint8Array,
): Promise<string> {
  const { files } = memoryHost({ files: { ...beside, [path]: content } });
  try {
    await read(files, new TextDecoder().decode(content));
    return "a result";
  } catch (error) {
    const isTold = [FormatError, ShapeError, UsageError].some((kind) => error instanceof kind);
    if (isTold) return "a sentence";
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
