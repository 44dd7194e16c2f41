/** @file What a run reads, in training and held out: files, rows in memory, or the built-in grammar. All of it is read once. */

import { alone, type Collective } from "../../collective/index.ts";
import { option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import {
  type Conversation,
  type DataColumns,
  type DataInput,
  dealt,
  type ExampleKind,
  type Examples,
  examplesOf,
  type Formats,
  grammarPairs,
  heldOut as isHeldOut,
  type LabelledText,
  mixedOrder,
  type Order,
  type Passes,
  pathsOf,
  type Preference,
  type SentencePair,
  type Shared,
  type TextPart,
  type Texts,
} from "../../data/index.ts";
import { type LabelledImage, readImageFolder } from "../../images/index.ts";
import { basename } from "../../host/path.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Key } from "../../random/key.ts";
import { type HoldOut, holdOut, type Split } from "./hold-out.ts";

/** Pairs that the built-in grammar draws for a run: more than a short run sees. */
const GRAMMAR_TRAINING_PAIRS = 40_000;
const GRAMMAR_HELD_OUT_PAIRS = 500;

/** The options that say what is read. */
export type DatasetOptions = DataColumns &
  Pick<TrainConfig, "holdout" | "holdoutSeed" | "mix" | "seed" | "task" | "train" | "validation">;

export interface DatasetRequest {
  readonly config: DatasetOptions;
  readonly files: FileStore;
  /** Training data in place of the files of the options. */
  readonly data?: DataInput | undefined;
  /** Held-out data in place of the files of the options. */
  readonly heldOut?: DataInput | undefined;
  /** The formats of files; those of the library by default. */
  readonly formats?: Formats | undefined;
  /** What examples may take in memory; without a limit by default. */
  readonly mostBytes?: number | undefined;
  /** Who reads together; one process if absent. */
  readonly ranks?: Collective | undefined;
}

/** Of several ranks each has a share of the examples. All of its functions throw a `UsageError` or a `FormatError` if the data are nothing of the kind. */
export interface Dataset {
  readonly files: FileStore;
  readonly ranks: Collective;
  /** The same, all of it on this rank. */
  alone(): Dataset;
  /** Whether training data are texts, not pairs. */
  isText(): Promise<boolean>;
  /** What a model that writes text learns from: what the options say, or else the data. */
  kind(): Promise<ExampleKind>;
  /** The columns of the examples for training that have been read, in words. */
  columns(): readonly string[];
  /** Which part of the data for training an example comes from: one for each path, where they are mixed by weights. */
  partOf(example: object): number;
  /** The order of epochs that mix examples of these parts by weights; undefined where nobody asks for it. */
  order(parts: readonly number[], key: Key): Order | undefined;
  /** Texts; those held out are undefined where they are to be taken from those for training. */
  texts(): TextSplit;
  /** The training texts, which are kept in memory until they are read once more. */
  textsTwice(): AsyncIterable<TextPart>;
  /** Without data those of the built-in grammar. */
  pairs(): Promise<Split<Shared<SentencePair>>>;
  conversations(): Promise<Split<Shared<Conversation>>>;
  labelled(): Promise<Split<Shared<LabelledText>>>;
  preferences(): Promise<Split<Shared<Preference>>>;
  /** What is read as it is needed. */
  streamed(): Streamed;
  /** Of folders, on every rank; nothing is decoded. */
  images(): Promise<Split<LabelledImage>>;
}

/** Examples that are not kept. */
export interface Streamed {
  readonly training: Passes;
  /** Those held out, where they are given; else some of the others, which `isHeld` tells. */
  readonly validation: Examples | undefined;
  readonly isHeld: HoldOut["isHeld"];
  /** By which the paths are drawn from, where somebody says so. */
  readonly weights: readonly number[] | undefined;
  /** The bytes of each file for training; none for rows. */
  bytes(): Promise<readonly number[]>;
}

export interface TextSplit {
  /** One, or one for each part that is mixed by weights. */
  readonly training: readonly Texts[];
  readonly validation: Texts | undefined;
  /** How those held out are taken from the others. */
  readonly holdOut: HoldOut;
}

export function openDataset(request: DatasetRequest): Dataset {
  const { config, files, formats, mostBytes, ranks = alone, ...inputs } = request;
  const { mix, task, train, validation } = config;
  checkHoldout(config, inputs);
  checkMix(config, inputs);
  const splitSeed = config.holdoutSeed ?? config.seed;
  const imageParts = new WeakMap<object, number>();
  const { cut, ...others } = holdOut(splitSeed, config.holdout, ranks);
  const open = (input: DataInput | undefined, name: string): Examples | undefined =>
    input === undefined
      ? undefined
      : examplesOf({
          input,
          name,
          files,
          formats,
          mostBytes,
          ranks,
          columns: config,
          keepsParts: mix !== undefined,
        });
  const training = open(inputs.data ?? train, "data");
  const held = open(inputs.heldOut ?? validation, "validation");
  const needed = (word: string): Examples => {
    if (training) return training;
    throw new UsageError(`${option("task")}: ${word} needs a training file; got none`);
  };
  const split = async <T>(
    from: Examples,
    read: (examples: Examples) => Promise<readonly Shared<T>[]>,
  ): Promise<Split<Shared<T>>> => {
    const all = await read(from);
    return held ? { training: all, validation: await read(held) } : cut(all);
  };
  const wantsText = task === "text" || task === "mask";
  const isText = async () => {
    if (!training && !wantsText) return false;
    const kind = await needed(task ?? "text").formatKind();
    return kind === undefined ? wantsText : kind === "texts";
  };

  return {
    files,
    ranks,
    alone: () => openDataset({ ...request, ranks: alone }),
    isText,
    async kind() {
      if (await isText()) return "texts";
      if (!training || task === "pairs") return "pairs";
      return (await training.kind()) ?? "pairs";
    },
    columns: () => training?.columns() ?? [],
    partOf: (example) => imageParts.get(example) ?? training?.partOf(example) ?? 0,
    order(parts, key) {
      const absent = mix?.findIndex((_, part) => !parts.includes(part)) ?? -1;
      if (absent >= 0) {
        const got = `none of ${train?.[absent]}`;
        throw new UsageError(`${option("mix")}: each path needs examples to draw from; got ${got}`);
      }
      return mix && mixedOrder(parts, mix, key);
    },
    texts: () => ({
      training: mix ? mix.map((_, part) => needed("mask").texts(part)) : [needed("mask").texts()],
      validation: held?.texts(),
      holdOut: { cut, ...others },
    }),
    textsTwice: () => needed("mask").textsTwice(),
    async pairs() {
      if (training) return split(training, (examples) => examples.pairs());
      if (held) throw new UsageError(`${option("validation")}: needs training files too; got none`);
      const { training: learned, validation: heldOut } = grammarSplit(splitSeed);
      return { training: dealt(ranks, learned), validation: dealt(ranks, heldOut) };
    },
    conversations: () => split(needed("text"), (examples) => examples.conversations()),
    streamed() {
      const { passes, bytes } = needed("stream");
      return { training: passes, validation: held, isHeld: others.isHeld, weights: mix, bytes };
    },
    labelled: async () => split(needed("classify"), (examples) => examples.labelled()),
    preferences: async () => split(needed("preference"), (examples) => examples.preferences()),
    images: async () =>
      readImageSplit(
        files,
        { cut, parts: imageParts },
        {
          train: foldersOf(inputs.data ?? train),
          validation: foldersOf(inputs.heldOut ?? validation),
        },
      ),
  };
}

/** @throws {UsageError} if a share is to be held out of nothing, or beside what is held out already. */
function checkHoldout(
  { holdout, train, validation }: DatasetOptions,
  { data, heldOut }: Pick<DatasetRequest, "data" | "heldOut">,
): void {
  if (holdout === undefined) return;
  const name = option("holdout");
  if (validation !== undefined || heldOut !== undefined) {
    throw new UsageError(`${name}: a share is held out, or ${option("validation")}; got both`);
  }
  if (train === undefined && data === undefined) {
    throw new UsageError(`${name}: is a share of ${option("train")}; got no training files`);
  }
}

/** @throws {UsageError} unless there is one weight for each path. */
function checkMix({ mix, train }: DatasetOptions, { data }: Pick<DatasetRequest, "data">): void {
  if (!mix) return;
  const paths = data === undefined ? (train?.length ?? 0) : (pathsOf(data)?.length ?? 0);
  if (mix.length === paths) return;
  const got = `${mix.length} for ${paths} paths`;
  throw new UsageError(
    `${option("mix")}: one weight for each path of ${option("train")}; got ${got}`,
  );
}

function foldersOf(input: DataInput | undefined): readonly string[] | undefined {
  const folders = input === undefined ? undefined : pathsOf(input);
  if (input === undefined || folders) return folders;
  throw new UsageError("data: images are read from folders; got rows");
}

async function readImageSplit(
  files: FileStore,
  { cut, parts }: { readonly cut: HoldOut["cut"]; readonly parts: WeakMap<object, number> },
  { train, validation }: Pick<TrainConfig, "train" | "validation">,
): Promise<Split<LabelledImage>> {
  const read = async (folders: readonly string[]) =>
    (await Promise.all(folders.map((folder) => readImageFolder(files, folder)))).flat();
  if (!train) {
    throw new UsageError(`${option("train")}: images need a folder for training; got none`, {
      hint: `${option("train", "images/train")}, with a folder of images for each class`,
    });
  }
  const folders = await Promise.all(train.map((folder) => readImageFolder(files, folder)));
  for (const [part, images] of folders.entries()) {
    for (const image of images) parts.set(image, part);
  }
  const all = folders.flat();
  if (validation) return { training: all, validation: await read(validation) };
  // Nothing is decoded yet: an image is its name and its class.
  return cut(all, ({ path, label }) => `${label}/${basename(path)}`);
}

function grammarSplit(seed: number): Split<SentencePair> {
  const training: SentencePair[] = [];
  const validation: SentencePair[] = [];
  const held = new Set<string>();
  for (const pair of grammarPairs(seed)) {
    if (!isHeldOut(pair)) {
      if (training.length < GRAMMAR_TRAINING_PAIRS) training.push(pair);
    } else if (validation.length < GRAMMAR_HELD_OUT_PAIRS && !held.has(pair.source)) {
      held.add(pair.source);
      validation.push(pair);
    }
    if (
      training.length === GRAMMAR_TRAINING_PAIRS &&
      validation.length === GRAMMAR_HELD_OUT_PAIRS
    ) {
      break;
    }
  }
  return { training, validation };
}

/** At most `limit` items, evenly from the whole list. */
export function spread<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return items.filter(
    (_, i) =>
      Math.floor((i * limit) / items.length) !== Math.floor(((i - 1) * limit) / items.length),
  );
}
