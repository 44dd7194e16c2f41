/** @file Models in formats that are not read here, told by their names and by how they begin, and what to do about them. */

import { FormatError, UsageError } from "../../errors.ts";
import { refuseLfsPointer } from "../../files/lfs.ts";
import type { FileStore } from "../../host/host.ts";
import { CONFIG, INDEX, WEIGHTS } from "./file-names.ts";

const SAVE_AGAIN =
  "take a safetensors revision, or save_pretrained it with transformers 4.40 or later";
/** Pickles that hold no model. */
const OF_TRAINING = /^(?:training_args|optimizer|scheduler|scaler|rng_state)/;

interface OtherFormat {
  readonly names: RegExp;
  readonly what: string;
  readonly hint: string;
}

const OTHER_FORMATS: readonly OtherFormat[] = [
  {
    names: /\.(?:bin|pt|pth|ckpt|pkl)(?:\.index\.json)?$/i,
    what: "a pickle, which runs code when it is loaded",
    hint: SAVE_AGAIN,
  },
  { names: /\.(?:h5|msgpack)$/i, what: "weights of TensorFlow or Flax", hint: SAVE_AGAIN },
  {
    names: /\.onnx$/i,
    what: "a graph of ONNX, which is not trained",
    hint: "take the model that it was made of",
  },
];

/** What is said of a model of which there is only a file of such a format; undefined if it is of none. */
function otherFormatError(where: string, name: string): UsageError | undefined {
  const format = OTHER_FORMATS.find(({ names }) => names.test(name));
  return format && new UsageError(`${where}: holds only ${name}, ${format.what}`, format);
}

/** What is wrong with a path that is to be the directory of a model, and leads to a file. */
export function fileAsModelError(path: string, name: string): UsageError {
  const format = OTHER_FORMATS.find(({ names }) => names.test(name));
  if (format) return new UsageError(`${path}: ${format.what}, is no directory of a model`, format);
  return new UsageError(`${path}: a file, where the directory of a model is asked for`, {
    hint: `name the directory that has it, with its ${CONFIG}`,
  });
}

/** The same of a directory, where config.json or the weights are missing. */
export async function onlyOtherFormat(
  files: FileStore,
  dir: string,
): Promise<UsageError | undefined> {
  const names = (await files.list(dir)).map(({ name }) => name);
  if (names.includes(WEIGHTS) || names.includes(INDEX)) return undefined;
  const weights = names.filter((name) => !OF_TRAINING.test(name));
  return weights.map((name) => otherFormatError(dir, name)).find((error) => error !== undefined);
}

/** @throws {FormatError} if a file that should be safetensors begins as another format does. */
export function refuseOtherFormat(path: string, start: Uint8Array): void {
  // The header of safetensors, whose length may begin like any format.
  if (start[8] === "{".charCodeAt(0)) return;
  refuseLfsPointer(path, start);
  const text = new TextDecoder("latin1").decode(start);
  const found = STARTS.find(([begin]) => text.startsWith(begin));
  if (found) throw new FormatError(path, `${found[1]}, not safetensors`);
}

const STARTS: readonly (readonly [begin: string, what: string])[] = [
  ["GGUF", "GGUF"],
  ["PK\x03\x04", "a pickle of PyTorch, which runs code when it is loaded"],
  ["\x80\x02", "a pickle of PyTorch, which runs code when it is loaded"],
  ["\x89HDF", "weights of TensorFlow"],
  ["<!DOCTYPE", "a page of the Web"],
  ["<html", "a page of the Web"],
];
