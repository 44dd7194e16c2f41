/** @file The examples of an input. Its rows are read once, whatever is asked for first: what they are, or the examples themselves. */

import { alone } from "../collective/index.ts";
import { type Conversation, conversationReader } from "./examples/conversations.ts";
import { type ExampleKind, kindByName, kindOfRow } from "./examples/kinds.ts";
import { type LabelledText, labelledNames, labelledReader } from "./examples/labelled.ts";
import { type Preference, PREFERENCE_COLUMNS, preferenceReader } from "./examples/preferences.ts";
import { pairReader, type SentencePair, USUAL_PAIR } from "./examples/pairs.ts";
import { type ExampleReader, streamExamples } from "./examples/reader.ts";
import { type TextPart, type Texts, textsIn, textSource } from "./examples/texts.ts";
import type { RowKind } from "./formats/row.ts";
import { openInput, type OpenInput } from "./open-input.ts";
import type { Shared } from "./shares/elsewhere.ts";
import { sharedExamples } from "./shares/shared-examples.ts";

/** The columns that examples stand in, where they are not the usual ones. */
export interface DataColumns {
  readonly textColumn?: string | undefined;
  readonly pairColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly sourceColumn?: string | undefined;
  readonly targetColumn?: string | undefined;
  readonly messagesColumn?: string | undefined;
}

/** An input, and how its examples are to be found. */
export interface InputRequest extends OpenInput {
  readonly columns: DataColumns;
  /** Whether it is kept which path each example comes from. */
  readonly keepsParts?: boolean | undefined;
  /** What all examples may take in memory, texts excepted; without a limit by default. */
  readonly mostBytes?: number | undefined;
}

/** @throws {UsageError} or {FormatError}, each of its functions, if the input is nothing of the kind. */
export interface Examples {
  /** What its format holds, whatever the columns are; undefined if these tell. No file is read. */
  formatKind(): Promise<ExampleKind | undefined>;
  /** What the first row is; undefined if no column of it is known. */
  kind(): Promise<ExampleKind | undefined>;
  /** The columns of the examples that have been read, in words: one each for files that differ. */
  columns(): readonly string[];
  /** All pairs; here and below, of several ranks each has a share of all. */
  pairs(): Promise<readonly Shared<SentencePair>[]>;
  /** All conversations. */
  conversations(): Promise<readonly Shared<Conversation>[]>;
  /** All texts with labels. */
  labelled(): Promise<readonly Shared<LabelledText>[]>;
  /** All answers of which one is preferred to another. */
  preferences(): Promise<readonly Shared<Preference>[]>;
  /** The same, each read anew and none kept. */
  readonly passes: Passes;
  /** The bytes of each file; none for rows. */
  bytes(): Promise<readonly number[]>;
  /** Which of the paths that were given an example comes from, counted from 0; 0 where that is not kept. */
  partOf(example: object): number;
  /** Texts, one after another: all, or those of a path. */
  texts(part?: number): Texts;
  /** The same, which are kept in memory until they are read once more. */
  textsTwice(): AsyncIterable<TextPart>;
}

/** Passes over examples, one after another: over all, or those of a path. */
export interface Passes {
  /** Sources and targets. */
  pairs(part?: number): AsyncIterable<SentencePair>;
  /** Messages of people and models. */
  conversations(part?: number): AsyncIterable<Conversation>;
  /** Texts, in as many parts as they are read in. */
  texts(part?: number): AsyncIterable<TextPart>;
}

/** The examples of an input, of which nothing is read before it is asked for. */
export function examplesOf(request: InputRequest): Examples {
  const named = namedColumns(request.columns);
  const input = openInput(request, named.pairs ?? named.conversations ?? named.texts);
  const told = new Set<string>();
  const tell = (words: string): void => void told.add(words);
  const parts = new WeakMap<object, number>();
  const allOf = <E extends object>(
    kind: RowKind,
    reader: ExampleReader<E>,
    names?: readonly string[],
  ) =>
    once(async () => {
      const { ranks = alone } = request;
      const examples: (readonly Shared<E>[])[] = [];
      for (const { source, part } of await input.sources(kind, names)) {
        const own = await sharedExamples(source, reader, { ...request, ranks, tell });
        if (request.keepsParts) for (const example of own) parts.set(example, part);
        examples.push(own);
      }
      return examples.length === 1 ? (examples[0] ?? []) : examples.flat();
    });
  const passOf = async function* <E>(
    kind: RowKind,
    reader: ExampleReader<E>,
    {
      names,
      wanted,
    }: { readonly names: readonly string[] | undefined; readonly wanted: number | undefined },
  ): AsyncGenerator<E, void, undefined> {
    for (const { source, part } of await input.sources(kind, names)) {
      if (wanted !== undefined && part !== wanted) continue;
      yield* streamExamples(source, reader, { tell });
    }
  };
  const conversations = conversationReader(request.columns.messagesColumn);
  const read = (wanted?: number): Texts =>
    textsIn(async function* () {
      for (const { source, part } of await input.sources("texts", named.texts)) {
        if (wanted !== undefined && part !== wanted) continue;
        if (!source.ownColumns) tell(named.texts?.[0] ?? "text");
        yield textSource(source, named.texts?.[0]);
      }
    });
  return {
    formatKind: input.formatKind,
    kind: once(async () => {
      const kind = await input.formatKind();
      if (kind !== undefined) return kind;
      const first = await input.first();
      const byName = first && kindByName(first, named);
      return byName ?? kindOfRow(first?.placed.row);
    }),
    pairs: allOf("pairs", pairReader(named.pairs), named.pairs),
    passes: {
      pairs: (wanted) => passOf("pairs", pairReader(named.pairs), { names: named.pairs, wanted }),
      conversations: (wanted) =>
        passOf("conversations", conversations, { names: named.conversations, wanted }),
      texts: read,
    },
    bytes: input.bytes,
    columns: () => [...told],
    partOf: (example) => parts.get(example) ?? 0,
    conversations: allOf("conversations", conversations, named.conversations),
    labelled: allOf("labelled", labelledReader(named.labelled), labelledNames(named.labelled)),
    preferences: allOf("preferences", preferenceReader, PREFERENCE_COLUMNS),
    ...readTwice(read, () => input.parts()),
  };
}

/** The columns of each kind of examples; of texts and of pairs undefined, where nobody named one. */
function namedColumns(columns: DataColumns) {
  const { textColumn, pairColumn, labelColumn, sourceColumn, targetColumn } = columns;
  const { messagesColumn } = columns;
  const [source, target] = USUAL_PAIR;
  const hasPairs = sourceColumn !== undefined || targetColumn !== undefined;
  return {
    texts: textColumn === undefined ? undefined : ([textColumn] as const),
    pairs: hasPairs ? ([sourceColumn ?? source, targetColumn ?? target] as const) : undefined,
    conversations: messagesColumn === undefined ? undefined : ([messagesColumn] as const),
    labelled: { text: textColumn ?? "text", pair: pairColumn, label: labelColumn ?? "label" },
  };
}

/** What is always the same, made when it is first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** @param partsOf - the paths that there are, counted from 0 */
function readTwice(
  read: (part?: number) => Texts,
  partsOf: () => Promise<readonly number[]>,
): Pick<Examples, "texts" | "textsTwice"> {
  /** Of each path, the last text first. */
  const kept = new Map<number, TextPart[]>();
  function* takenOut(part: number): Generator<TextPart, void, undefined> {
    const own = kept.get(part) ?? [];
    kept.delete(part);
    for (let text = own.pop(); text; text = own.pop()) yield text;
  }
  return {
    texts: (part) =>
      textsIn(async function* () {
        const wanted = [...kept.keys()].filter((each) => part === undefined || each === part);
        if (wanted.length === 0) yield* read(part).sources();
        for (const each of wanted) yield { all: () => takenOut(each) };
      }),
    async *textsTwice() {
      for (const part of await partsOf()) {
        const own: TextPart[] = [];
        for await (const text of read(part)) {
          own.push(text);
          yield text;
        }
        kept.set(part, own.toReversed());
      }
    },
  };
}
