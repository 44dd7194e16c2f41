/** Exported models where transformers.js looks for them, and what it makes of them as numbers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, Tensor } from "@huggingface/transformers";
import { afterAll } from "vitest";
import type { HostTensors } from "../support/graph.ts";
import { exportModel, saveModel } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

/** A folder for the models of a test file, which is gone after it. */
export function modelFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "flora-export-"));
  env.allowRemoteModels = false;
  env.localModelPath = folder;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Saved {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: HostTensors;
  /** The files beside them, content by file name. */
  readonly files?: ReadonlyMap<string, string>;
}

/** Saves and exports a model; returns the directory it was saved in. */
export async function exportSaved(
  folder: string,
  name: string,
  { config, weights, files = new Map() }: Saved,
): Promise<string> {
  const directory = join(folder, `${name}-saved`);
  await saveModel(directory, { config, weights: Object.entries(weights), files });
  await exportModel(sharedRuntime, { directory, output: join(folder, name) });
  return directory;
}

/** The shape and the numbers of a tensor. */
export function numbersIn(output: unknown): {
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
} {
  if (!(output instanceof Tensor)) throw new Error("not a tensor");
  return { dims: output.dims, numbers: Array.from(output.data, Number) };
}
