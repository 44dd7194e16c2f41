/**
 * @file Datasets by name: the files of a repository on the Hub that the loader reads, told apart by
 * what their names say of them.
 *
 *   train.jsonl   data/train-00000-of-00001.jsonl   training, in all its parts where it has several
 *   validation.tsv   valid.txt   dev/en.txt         validation
 *   test.jsonl                                      neither, unless it is asked for
 *   pairs.tsv                                       training, where no name says more
 */

import { pathsFor } from "../../data/formats/glob.ts";
import { isReadable, oneOf, readableExtensions } from "../../data/formats/registry.ts";
import { option, UsageError } from "../../errors.ts";
import { join } from "../../host/path.ts";
import { parseRepository } from "../repository.ts";
import { someOf } from "../sentences.ts";
import { type Choice, fetchSnapshot, type HubOptions } from "../download/snapshot.ts";

/** The files of a dataset by what they are for. */
export interface DatasetFiles {
  /** Paths in the repository, or, of what was fetched, on this computer. */
  readonly train: readonly string[];
  /** Empty if there are none. */
  readonly validation: readonly string[];
}

/** Paths in the repository, folders or globs, in place of those that their names tell. */
export type WantedFiles = {
  readonly [Split in keyof DatasetFiles]?: DatasetFiles[Split] | undefined;
};

/**
 * Fetches a dataset.
 *
 * @param name - "owner/name" or "owner/name@revision"
 * @throws {UsageError} if there are no such files, or several that could be meant, or they cannot
 *   be fetched.
 */
export async function resolveDataset(
  name: string,
  wanted: WantedFiles,
  options: HubOptions,
): Promise<DatasetFiles> {
  const repository = parseRepository(name, "dataset");
  if (!repository) {
    throw new UsageError(`dataset: not a name on the Hub; got ${name}`, {
      hint: `a name on the Hub reads owner/name; files of this computer are given by ${option("train")}`,
    });
  }
  const split = (paths: readonly string[]) => splitFiles(name, paths, wanted);
  const choice: Choice = {
    async first(paths) {
      const { train, validation } = await split(paths);
      return [...new Set([...train, ...validation])];
    },
  };
  const { directory, files } = await fetchSnapshot(repository, choice, options);
  const { train, validation } = await split(files);
  const here = (path: string): string => join(directory, path);
  return { train: train.map(here), validation: validation.map(here) };
}

/** Files with text about the data, not of it. */
const ABOUT =
  /^(readme|licen[cs]e|notice|requirements|citation|changelog)[^/]*\.txt$|(^|\/)(dataset_infos?|dataset_dict|state|config|metadata)\.json$/i;

/** Of files that could be meant, those of the first of these lines are. */
const PREFERRED: readonly RegExp[] = [
  /\.(jsonl|ndjson|tsv|txt)$/i,
  /\.csv$/i,
  /\.json$/i,
  /\.parquet$/i,
  /\.(gz|zst)$/i,
];

/** The parts of one file, of which each names how many there are, and may end in digits of its own. Two of text would be a text and its translation. */
const PART = /-\d{5}-of-(\d{5})(?:-[\da-f]{16})?(?=\.(?!txt))/;

const TRAIN = /(^|[^a-z])train(ing)?([^a-z]|$)/i;
const VALIDATION = /(^|[^a-z])(validation|valid|val|dev|eval)([^a-z]|$)/i;
const TEST = /(^|[^a-z])test(ing)?([^a-z]|$)/i;

/** The files for training and validation among the paths of a repository. */
export async function splitFiles(
  name: string,
  paths: readonly string[],
  asked: WantedFiles = {},
): Promise<DatasetFiles> {
  const find = async (path: string): Promise<readonly string[]> => {
    const found = await pathsFor(path, paths);
    const readable = paths.includes(path) ? found : found.filter((each) => isReadable(each));
    if (readable.length > 0) return readable.toSorted();
    throw new UsageError(`${name}: there is no file ${path}`, { hint: `it has ${someOf(paths)}` });
  };
  const findAll = async (all: readonly string[] | undefined) =>
    all && (await Promise.all(all.map(find))).flat();
  const wanted = {
    train: await findAll(asked.train),
    validation: await findAll(asked.validation),
  };
  const readable = paths.filter((path) => isReadable(path) && !ABOUT.test(path));
  if (!wanted.train && readable.length === 0) throw notReadable(name, paths);
  const free = readable.filter((path) => !wanted.validation?.includes(path));
  const named = free.filter((path) => TRAIN.test(path));
  const others = free.filter((path) => !VALIDATION.test(path) && !TEST.test(path));
  const held = free.filter((path) => VALIDATION.test(path) && !named.includes(path));
  const one = (split: keyof DatasetFiles, all: readonly string[]): readonly string[] => {
    const files =
      PREFERRED.map((form) => all.filter((path) => form.test(path))).find(
        ({ length }) => length > 0,
      ) ?? all;
    if (files.length === 1 || areParts(files)) return files;
    const what = files.length === 0 ? "no file" : `${files.length} files`;
    const got = someOf(files.length === 0 ? readable : files);
    throw new UsageError(`${name}: ${what} could be the ${split} data; got ${got}`, {
      hint: `--${split} A,B names some of them`,
    });
  };
  return {
    train: wanted.train ?? one("train", named.length > 0 ? named : others),
    validation:
      wanted.validation ?? (wanted.train || held.length === 0 ? [] : one("validation", held)),
  };
}

/** Whether files are all parts of one. */
function areParts(files: readonly string[]): boolean {
  const wholes = new Set(files.map((path) => path.replace(PART, "-of-$1")));
  const count = Number(PART.exec(files[0] ?? "")?.[1]);
  return wholes.size === 1 && files.length === count;
}

function notReadable(name: string, paths: readonly string[]): UsageError {
  const python = `datasets.load_dataset("${name.split("@")[0]}", split="train")`;
  const what = `no ${oneOf(readableExtensions())} file`;
  return new UsageError(`${name}: has ${what}; got ${someOf(paths)}`, {
    hint: `in Python, ${python}.to_json("train.jsonl") writes a file for ${option("train")}`,
  });
}
