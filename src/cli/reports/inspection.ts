/** @file Examples as a model sees them: their text with what is learned of it, their lengths, and what ends an answer. */

import { option, UsageError } from "../../errors.ts";
import type { Batch } from "../../data/index.ts";
import type { Task } from "../../models/model.ts";
import type { StreamedData, TrainData } from "../../tasks/task-data.ts";
import type { Tokenizer } from "../../text/index.ts";
import { addedTokenTexts } from "../../text/index.ts";
import { formatCount, formatPercent } from "../terminal/format.ts";
import { indent, wrap } from "../terminal/layout.ts";
import { progressBar } from "../terminal/progress.ts";
import { createStyle } from "../terminal/style.ts";

interface Inspected {
  readonly tokenizer: Tokenizer;
  readonly data: StreamedData | TrainData;
  readonly task: Task;
  /** The names of what a text is classified as, where it is. */
  readonly classes?: readonly string[] | undefined;
}

interface InspectionOptions {
  readonly examples: number;
  readonly width: number;
  readonly color: boolean;
}

/** Tokens of which all are learned, or none. */
interface Run {
  readonly ids: readonly number[];
  readonly isLearned: boolean;
}

/** What a row of a batch has: the runs of a text, or of both sides of a pair. */
interface Example {
  readonly runs: readonly Run[];
  readonly length: number;
  readonly learned: number;
  readonly weight: number;
  /** The id of what the whole is to be told as. */
  readonly target?: number | undefined;
}

/** What of a long example is shown, in tokens at its beginning and at its end. */
const SHOWN = 160;

export function inspection(
  { tokenizer, data, task, classes }: Inspected,
  { examples, width, color }: InspectionOptions,
): readonly string[] {
  const style = createStyle(color);
  const shown: string[] = [];
  const lengths: number[] = [];
  let [tokens, learned] = [0, 0];
  const textOf = textWithMarks(tokenizer);
  const { training } = data;
  if (training.batchesPerEpoch === undefined) {
    throw new UsageError(`${option("stream")}: all examples are looked at`, {
      hint: `leave ${option("stream")} out, and give a part of the data`,
    });
  }
  for (let position = 0; position < training.batchesPerEpoch; position++) {
    for (const example of examplesOf(training.batchAt(position), tokenizer.pad)) {
      lengths.push(example.length);
      tokens += example.length;
      learned += example.learned;
      if (lengths.length > examples) continue;
      const counted =
        example.weight === 1 ? "" : `, weight ${Number(example.weight.toPrecision(3))}`;
      const name = classes?.[example.target ?? -1];
      const what = name === undefined ? `${formatCount(example.learned)} learned` : `class ${name}`;
      const title = `example ${lengths.length}: ${formatCount(example.length)} tokens, ${what}${counted}`;
      const text = shortened(example.runs)
        .map(({ ids, isLearned }) => {
          const own = textOf(ids);
          if (!isLearned) return own;
          return color ? style.green(own) : `»${own}«`;
        })
        .join("");
      shown.push(style.bold(title), ...indent(text.split("\n")), "");
    }
  }
  const ends = [...new Set([...(data.stopTokens ?? []), tokenizer.endOfText])].flatMap((id) =>
    id === undefined ? [] : [`${JSON.stringify(textOf([id]))} (${id})`],
  );
  const isWritten = task === "causal" || task === "seq2seq";
  return [
    ...shown,
    `${style.bold("data")}     ${data.description}`,
    ...(data.notes ?? []).flatMap((note) =>
      indent(wrap(note, width - 9)).map((line) => `       ${line}`),
    ),
    `${style.bold("tokens")}   ${formatCount(tokens)} in an epoch${classes ? "" : `, of which ${formatPercent(learned / tokens)} are learned`}`,
    ...(isWritten ? [`${style.bold("stops at")} ${ends.join(", ") || "nothing"}`] : []),
    "",
    style.bold("lengths in tokens"),
    ...histogram(lengths, width),
  ];
}

/** The rows of a batch that are no padding. */
function examplesOf({ size, inputs, targets, weights }: Batch, pad: number): readonly Example[] {
  const decoder = inputs["decoderIds"];
  const ids = Array.from(inputs["ids"]?.data ?? [], Number);
  const width = ids.length / size;
  return Array.from({ length: size }, (_, row) => {
    const own = ids.slice(row * width, (row + 1) * width);
    const length = own.findLastIndex((id) => id !== pad) + 1;
    const perRow = targets.length / size;
    const next = targets.subarray(row * perRow, (row + 1) * perRow);
    const counts = weights.subarray(row * perRow, (row + 1) * perRow);
    const learned = counts.reduce((sum, each) => sum + (each > 0 ? 1 : 0), 0);
    const weight = Math.max(0, ...counts);
    const source = own.slice(0, length);
    if (decoder) {
      const answer = Array.from(next).filter((_token, i) => (counts[i] ?? 0) > 0);
      const runs = [
        { ids: source, isLearned: false },
        { ids: answer, isLearned: true },
      ];
      return { runs, length: length + answer.length, learned, weight };
    }
    // A target that counts is the token that follows.
    if (perRow !== width) {
      const runs = [{ ids: source, isLearned: false }];
      return { runs, length, learned, weight, target: next[0] };
    }
    const last = counts.findLastIndex((each) => each > 0);
    const all = Math.max(length, last + 2);
    const whole = [own[0] ?? pad, ...next].slice(0, all);
    return {
      runs: runsOf(whole, (i) => i > 0 && (counts[i - 1] ?? 0) > 0),
      length: all,
      learned,
      weight,
    };
  }).filter(({ length, learned }) => length > 0 && learned > 0);
}

function runsOf(ids: readonly number[], isLearned: (i: number) => boolean): readonly Run[] {
  const runs: { ids: number[]; isLearned: boolean }[] = [];
  for (const [i, id] of ids.entries()) {
    const last = runs.at(-1);
    if (last?.isLearned === isLearned(i)) last.ids.push(id);
    else runs.push({ ids: [id], isLearned: isLearned(i) });
  }
  return runs;
}

/** Runs without the middles of those that are long. */
const shortened = (runs: readonly Run[]): readonly Run[] =>
  runs.flatMap((run) =>
    run.ids.length <= 2 * SHOWN
      ? [run]
      : [
          { ...run, ids: run.ids.slice(0, SHOWN) },
          { ...run, ids: run.ids.slice(-SHOWN) },
        ],
  );

/** Texts of ids in which special tokens can be seen. */
function textWithMarks(tokenizer: Tokenizer): (ids: readonly number[]) => string {
  const texts = addedTokenTexts(tokenizer);
  return (ids) => {
    const parts: string[] = [];
    let plain: number[] = [];
    const flush = () => {
      if (plain.length > 0) parts.push(tokenizer.decode(plain));
      plain = [];
    };
    for (const id of ids) {
      const mark = tokenizer.specialTokens.has(id) ? texts.get(id) : undefined;
      if (mark === undefined) plain.push(id);
      else {
        flush();
        parts.push(mark);
      }
    }
    flush();
    return parts.join("");
  };
}

const BARS = 8;

/** How many examples have how many tokens, a line each. */
function histogram(lengths: readonly number[], width: number): readonly string[] {
  const longest = Math.max(1, ...lengths);
  const step = Math.ceil(longest / BARS);
  const counts = Array.from({ length: Math.ceil(longest / step) }, (_, i) =>
    lengths.filter((length) => Math.ceil(length / step) - 1 === i),
  ).map((some) => some.length);
  const most = Math.max(1, ...counts);
  return counts.map((count, i) => {
    const range = `${formatCount(i * step + 1)} to ${formatCount((i + 1) * step)}`;
    const bar = progressBar(count / most, Math.min(40, width - 32)).replaceAll("░", " ");
    return `  ${range.padStart(16)}  ${bar}  ${formatCount(count)}`;
  });
}
