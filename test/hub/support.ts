/** @file A Hub for a test, with a cache of its own, and a model to serve. */

import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import type { HubEvent, HubOptions } from "../../src/hub/index.ts";
import { temporaryDirectory } from "../weights/support.ts";
import { type Files, type HubServer, startHubServer } from "./server.ts";
import { nodeHost } from "../../src/host/node.ts";

export interface TestHub {
  readonly hub: HubServer;
  /** An empty one. */
  readonly cacheDir: string;
  readonly options: HubOptions;
  /** What was told. */
  readonly events: HubEvent[];
}

/** A server that closes when the test ends; nothing of the environment reaches the settings. */
export async function testHub(): Promise<TestHub> {
  const hub = await startHubServer();
  onTestFinished(() => hub.close());
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, "");
  const cacheDir = temporaryDirectory();
  const events: HubEvent[] = [];
  const options: HubOptions = {
    host: nodeHost(),
    endpoint: hub.url,
    cacheDir,
    tokenPath: join(cacheDir, "token"),
    patience: { silenceMs: 5000, retryDelaysMs: [0, 0] },
    onEvent: (event) => events.push(event),
  };
  return { hub, cacheDir, options, events };
}

/** Bytes that are no text, the same ones every time. */
export const weights = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255));

/** What a model on the Hub has, and what nobody needs of it. */
export const MODEL: Files = {
  ".gitattributes": "*.safetensors filter=lfs\n",
  "README.md": "# a model\n",
  "config.json": '{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}\n',
  "generation_config.json": '{"do_sample": true}\n',
  "tokenizer.json": '{"model": {"vocab": {"ä": 0}}}\n',
  "tokenizer_config.json": "{}\n",
  "chat_template.jinja": "{{ messages }}\n",
  "merges.txt": "a b\n",
  "model.safetensors": weights(300_000),
  "pytorch_model.bin": weights(1000),
  "onnx/config.json": "{}\n",
  "onnx/model.safetensors": weights(500),
};

/** The files of `MODEL` that are wanted. */
export const WANTED = [
  "chat_template.jinja",
  "config.json",
  "generation_config.json",
  "merges.txt",
  "model.safetensors",
  "tokenizer.json",
  "tokenizer_config.json",
] as const;
