/** @file A text and what a model should answer to it: a sentence and its translation, say, or an instruction and what follows from it. */

import { option, UsageError } from "../../errors.ts";
import { isBlank } from "../bytes/lines.ts";
import type { PlacedRow, Row } from "../formats/row.ts";
import { cellOf, cellsOf, hasColumns, type Origin, rowError, typeInWords } from "./cells.ts";
import type { ExampleReader } from "./reader.ts";
import { rowWeight, type Weighted } from "./row-weight.ts";

/** A text, and the answer to it that is learned. */
export interface SentencePair extends Weighted {
  readonly source: string;
  readonly target: string;
}

/** The names of two columns. */
export type PairColumns = readonly [source: string, target: string];

/** The columns of pairs that nobody calls otherwise. */
export const USUAL_PAIR: PairColumns = ["source", "target"];

/** Columns that have pairs in them. */
export interface PairForm {
  /** Those that must be there. */
  readonly columns: PairColumns;
  /** What is put together to the source where it is there, a line each: the first before the column of the source, the second after it. */
  readonly around?: readonly [before: string, after: string];
}

/** What rows hold whatever else stands in them. */
export const PAIR_FORMS: readonly PairForm[] = [
  { columns: USUAL_PAIR },
  { columns: ["prompt", "completion"] },
];

/** What rows hold that have nothing of more weight, in the order in which it is looked for: datasets of the Hub are written so. */
export const OTHER_PAIR_FORMS: readonly PairForm[] = [
  { columns: ["instruction", "output"], around: ["system", "input"] },
  { columns: ["instruction", "response"], around: ["system", "context"] },
  { columns: ["question", "answer"], around: ["system", "context"] },
  { columns: ["question", "response"], around: ["system", "context"] },
  { columns: ["prompt", "response"], around: ["system", "context"] },
  { columns: ["query", "response"], around: ["system", "context"] },
  { columns: ["query", "answer"], around: ["system", "context"] },
  { columns: ["input", "output"], around: ["system", "context"] },
  { columns: ["inputs", "targets"] },
  { columns: ["problem", "solution"] },
  { columns: ["article", "highlights"] },
  { columns: ["document", "summary"] },
  { columns: ["dialogue", "summary"] },
  { columns: ["anchor", "positive"] },
];

/** Whether these are names of columns that have pairs in them, however they are capitalised: no sentences, in any case. */
export function namesPairs(names: readonly string[]): boolean {
  const plain = new Set(names.map((name) => name.trim().toLowerCase()));
  return [...PAIR_FORMS, ...OTHER_PAIR_FORMS].some(({ columns }) =>
    columns.every((column) => plain.has(column)),
  );
}

/** Pairs of the columns of these names; by default of those that the first row has. Rows that are empty on both sides are left out. */
export const pairReader = (named?: PairColumns): ExampleReader<SentencePair> => ({
  what: "pairs",
  columns(origin, { row }) {
    const {
      columns: [source, target],
      around: [before, after] = ["", ""],
    } = formOf(origin, row, named);
    const read = [before, source, after].filter((name) => name === source || cellOf(row, name));
    return `${read.join(", ")} -> ${target}`;
  },
  reader(origin, first) {
    const form = formOf(origin, first.row, named);
    const [sourceColumn, targetColumn] = form.columns;
    const columns = [{ name: sourceColumn, mayBeNull: true }, { name: targetColumn }];
    return (placed) => {
      checkTurns(form, placed, origin);
      const [cell = "", target = ""] = cellsOf(placed, columns, origin);
      const source = surrounded(cell, form, placed, origin);
      if (isBlank(source) && isBlank(target)) return undefined;
      return { source, target, ...rowWeight(placed, origin, form.columns) };
    };
  },
});

function formOf(
  { name, ownColumns }: Origin & { readonly ownColumns?: readonly string[] },
  first: Row,
  named: PairColumns | undefined,
): PairForm {
  if (ownColumns) {
    const [source = "", target = ""] = ownColumns;
    return { columns: [source, target] };
  }
  if (named) return { columns: named };
  const forms = [...PAIR_FORMS, ...OTHER_PAIR_FORMS];
  const found = forms.find(({ columns }) => hasColumns(first, columns));
  if (!found && hasColumns(first, ["chosen", "rejected"])) {
    throw new UsageError(`data: chosen and rejected answers are no pairs; got them in ${name}`, {
      hint: `they are learned from with ${option("task", "preference")}`,
    });
  }
  return found ?? { columns: USUAL_PAIR };
}

/** The source with what stands around it, of which each may be absent or empty. */
function surrounded(
  source: string,
  { around = ["", ""] }: PairForm,
  { row, line }: PlacedRow,
  origin: Origin,
): string {
  const [before, after] = around.map((column) => {
    const cell = Object.hasOwn(row, column) ? (row[column] ?? "") : "";
    if (typeof cell === "string") return cell;
    throw rowError(origin, line, `"${column}" must be a string; got ${typeInWords(cell)}`);
  });
  return [before, source, after].filter((part = "") => part !== "").join("\n");
}

/** Earlier turns beside an instruction would be lost. */
function checkTurns({ around }: PairForm, { row, line }: PlacedRow, origin: Origin): void {
  const { history } = row;
  if (!around || !Array.isArray(history) || history.length === 0) return;
  const message = `"history" must be empty, as earlier turns are read from "messages" alone`;
  throw rowError(origin, line, `${message}; got ${history.length} turns`);
}
