/** @file What of a model has which name in GGUF, and lies how there: for one architecture. */

import type { Json } from "../../../files/json.ts";
import type { Metadata } from "../../metadata.ts";
import type { GgufEntry } from "../../write.ts";

/** How a tensor lies in GGUF where it does not lie as in the checkpoint. */
export type Layout =
  /** The halves of each head that turn together are neighbours; of as many heads as queries have. */
  | "paired queries"
  /** The same of as many heads as keys have. */
  | "paired keys"
  /** [out, in] instead of [in, out]. */
  | "transposed"
  /** A norm multiplies by the weight, instead of by 1 + weight. */
  | "plus one";

/** What is to be known of the tensors beside their numbers. */
export interface TensorFacts {
  readonly has: (name: string) => boolean;
  /** Undefined where there is no such tensor. */
  readonly shapeOf: (name: string) => readonly number[] | undefined;
  /** @throws {FormatError} if there is no such tensor. */
  readonly read: (name: string) => Promise<Float32Array>;
}

export interface GgufArchitecture {
  /** `general.architecture`, which keys of the metadata begin with. */
  readonly name: string;
  /** The `model_type`s of config.json that are written so; what is read is of the first one. */
  readonly types: readonly [string, ...string[]];
  /** `architectures` of config.json. */
  readonly className: string;
  /** The names of the checkpoint, without ".weight" and ".bias", by those of GGUF; "*" stands for the number of a layer. */
  readonly tensors: Readonly<Record<string, string>>;
  /** By the names of GGUF, with their endings. */
  readonly layouts: Readonly<Record<string, Layout>>;
  /** Tensors that may be left over, by their names in GGUF. */
  readonly ignored: readonly string[];
  /** Matrices that are written as F32 whatever the others are. */
  readonly whole: readonly string[];
  /** The fields of config.json. @throws {FormatError} if an entry is missing, or asks for what is not supported. */
  readonly config: (metadata: Metadata, tensors: TensorFacts) => Promise<Json>;
  /** The entries of the metadata, without the architecture before their keys. @throws {UsageError} if GGUF has no words for it. */
  readonly metadata: (config: Json) => Readonly<Record<string, GgufEntry>>;
}

/** The shortest decimal number whose float32 is that of an entry: 1e-5 and not 9.999999747378752e-6. */
export function shortest(value: number): number {
  const digits = Array.from({ length: 8 }, (_, i) => Number(value.toPrecision(i + 1)));
  return digits.find((each) => Math.fround(each) === value) ?? value;
}
