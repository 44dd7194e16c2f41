/** A directory in which the commands of the documents have what they name: small files, and small models in place of those of the Hub. */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import sharp from "sharp";
import { grammarPairs } from "../../../src/data/index.ts";
import { directoryOf, smallTokenizers } from "../../support/small-tokenizers.ts";
import { inTerminal } from "../../support/terminal.ts";

const CHATS = readFileSync(new URL("../../../examples/chats.jsonl", import.meta.url), "utf8");
const first = (text: string, count: number): string => text.split("\n").slice(0, count).join("\n");

const SHAPE =
  "--hidden_size 16 --intermediate_size 16 --num_hidden_layers 1 --num_attention_heads 2 --max_position_embeddings 512".replaceAll(
    "--",
    "--model.",
  );
const BERT = `--model.model_type bert ${SHAPE} --tokenizer bert-tokenizer`;
const LLAMA = `--model.model_type llama ${SHAPE} --tokenizer bpe:300`;

/** Models by what they are, and the options that make them. */
const MADE: Readonly<Record<string, string>> = {
  llama: `--train book.txt ${LLAMA}`,
  chat: `--train chats.jsonl --chat-template chatml ${LLAMA}`,
  gpt2: "--train book.txt --model.n_embd 32 --model.n_layer 1 --model.n_head 2 --model.n_positions 128",
  t5: "--train de.txt,en.txt --model.model_type t5 --model.d_model 16 --model.d_ff 16 --model.d_kv 8 --model.num_heads 2 --model.num_layers 1",
  mask: `--task mask --train book.txt ${BERT}`,
  classes: `--task classify --train reviews.tsv ${BERT}`,
  vectors: `--task embed --train de.txt,en.txt ${BERT}`,
  images: `--task classify --train photos/ --model.model_type vit --model.image_size 8 --model.patch_size 4 ${SHAPE.replace(/ --model.max_position.*/, "")}`,
  adapter: "--train chats.jsonl --model HuggingFaceTB/SmolLM2-135M-Instruct --method lora",
};

/** Which of them, or of them as one file, stands for a name, where no command before has made it. */
const STANDS_FOR: Readonly<Record<string, keyof typeof MADE>> = {
  "HuggingFaceTB/SmolLM2-135M": "llama",
  "HuggingFaceTB/SmolLM2-135M-Instruct": "chat",
  "HuggingFaceTB/SmolLM2-360M-Instruct": "chat",
  "huggyllama/llama-7b": "llama",
  "google-t5/t5-small": "t5",
  "google-bert/bert-base-uncased": "mask",
  "google/vit-base-patch16-224": "images",
  "openai-community/gpt2": "gpt2",
  "path/to/gpt2": "gpt2",
  "gpt2/": "gpt2",
  gpt2: "gpt2",
  "runs/assistant": "chat",
  "runs/mine": "chat",
  "runs/zoo": "chat",
  "runs/flora": "gpt2",
  "runs/translator": "gpt2",
  "runs/bert": "mask",
  "runs/reviews": "classes",
  "runs/cola": "classes",
  "runs/digits": "images",
  "runs/photos": "images",
  "runs/embedding": "vectors",
  "runs/alike": "vectors",
  "runs/lora": "adapter",
  "runs/first": "chat",
  "assistant.gguf": "gguf",
};

/** Writes the files into the current directory. */
export async function writeFiles(): Promise<void> {
  const pairs: { readonly source: string; readonly target: string }[] = [];
  for (const pair of grammarPairs(7)) {
    pairs.push(pair);
    if (pairs.length === 60) break;
  }
  const lines = (each: (pair: (typeof pairs)[number], i: number) => string) =>
    `${pairs.map(each).join("\n")}\n`;
  const label = (i: number) => (i % 2 === 0 ? "good" : "bad");
  const files: Readonly<Record<string, string>> = {
    "book.txt": lines(({ target }) => target),
    "de.txt": lines(({ source }) => source),
    "en.txt": lines(({ target }) => target),
    "pairs.tsv": lines(({ source, target }) => `${source}\t${target}`),
    "sentences.txt": first(
      lines(({ target }) => target),
      3,
    ),
    "reviews.tsv": `label\ttext\n${lines(({ target }, i) => `${label(i)}\t${target}`)}`,
    "data.tsv": `label\ttext\n${lines(({ target }, i) => `${label(i)}\t${target}`)}`,
    "in_domain_train.tsv": lines(({ target }, i) => `x\t${label(i)}\t\t${target}`),
    "trec.tsv": lines(({ target }, i) => `${label(i)}\t${target}`),
    "chats.jsonl": first(CHATS, 24),
    "preferences.jsonl": lines(({ source, target }, i) =>
      JSON.stringify({
        chosen: [
          { role: "user", content: source },
          { role: "assistant", content: target },
        ],
        rejected: [
          { role: "user", content: source },
          { role: "assistant", content: `No. ${i}` },
        ],
      }),
    ),
    "held-out.jsonl": first(CHATS, 4),
    "more.jsonl": first(CHATS, 24),
    "your-data.jsonl": first(CHATS, 24),
    "a.jsonl": first(CHATS, 24),
    "b/b.jsonl": first(CHATS, 24),
    "config.yaml":
      "train: book.txt\nmodel: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 }\n",
    "run.yaml": "train: book.txt\nmodel: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 }\n",
    "wrong.jsonl": '{"question": "Who?", "reply": "I."}\n',
    "empty.txt": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const bert = smallTokenizers.find(([name]) => name === "BERT")?.[1];
  if (bert) cpSync(directoryOf(bert), "bert-tokenizer", { recursive: true });
  writeFileSync("utf16.txt", Buffer.from("\uFEFFno", "utf16le"));
  const image = async (path: string, level: number) => {
    mkdirSync(dirname(path), { recursive: true });
    const raw = { width: 8, height: 8, channels: 3 } as const;
    await sharp(new Uint8Array(192).fill(level), { raw }).png().toFile(path);
  };
  await Promise.all([
    ...["one.png", "two.png"].map((path) => image(path, 99)),
    ...["cats", "dogs"].flatMap((name, i) =>
      Array.from({ length: 6 }, (_, k) => image(`photos/${name}/${k}.png`, 120 * i + 9 * k)),
    ),
  ]);
}

/** Makes what a name stands for, unless it is there. */
export async function provide(name: string): Promise<void> {
  const kind = STANDS_FOR[name];
  if (kind === undefined || existsSync(name)) return;
  await made(kind);
  cpSync(`made/${kind}`, name, { recursive: true });
}

async function made(kind: keyof typeof MADE): Promise<void> {
  if (existsSync(`made/${kind}`)) return;
  if (kind === "adapter") await provide("HuggingFaceTB/SmolLM2-135M-Instruct");
  if (kind === "gguf") {
    await made("chat");
    await run("export --model made/chat --format gguf --output made/folder");
    cpSync("made/folder/model.gguf", "made/gguf");
    return;
  }
  await run(
    `train ${MADE[kind]} --steps 1 --translations 0 --samples 0 --evaluation-batches 1 --threads 1 --output made/${kind}`,
  );
}

async function run(command: string): Promise<void> {
  const { exitCode, errors } = await inTerminal(command.split(" "), "");
  if (exitCode !== 0) throw new Error(`${command}: ${errors}`);
}
