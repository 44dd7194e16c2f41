/** @file A part of tokenizer.json: its fields, and what is said of one that is not what it should be. */

import { FormatError } from "../../errors.ts";
import { describeJson, isObject, type Json, type JsonValue } from "../../files/json.ts";

/** Where a part stands, for messages. */
export interface Part {
  /** Of the tokenizer.json. */
  readonly path: string;
  /** The field that it is the value of: "normalizer". */
  readonly field: string;
  readonly type: string;
  readonly json: Json;
}

/**
 * A part that has a type.
 *
 * @throws {FormatError} if it is no object.
 */
export function partOf(path: string, field: string, value: unknown): Part {
  if (!isObject(value)) {
    throw new FormatError(path, `${field}: must be an object; got ${describe(value)}`);
  }
  const { type = "nothing" } = value;
  return { path, field, type: typeof type === "string" ? type : describe(type), json: value };
}

/** @throws {FormatError} that names the kind. */
export function unknownPart({ path, field, type }: Part): never {
  throw new FormatError(path, `${field}: this kind is not supported; got ${type}`);
}

/** @throws {FormatError} that names the field and its value. */
export function wrongField({ path, field, type, json }: Part, name: string, wanted: string): never {
  const where = `${field} ${type}: ${name}`;
  throw new FormatError(path, `${where}: must be ${wanted}; got ${describe(json[name])}`);
}

/** @throws {FormatError} if it is no text. */
export function textField(part: Part, name: string, otherwise?: string): string {
  const value = part.json[name] ?? otherwise;
  return typeof value === "string" ? value : wrongField(part, name, "a text");
}

/** A text that may be absent, or empty, which is the same. */
export function optionalText(part: Part, name: string): string | undefined {
  const text = textField(part, name, "");
  return text === "" ? undefined : text;
}

/** @throws {FormatError} if it is neither true nor false. */
export function flagField(part: Part, name: string, otherwise?: boolean): boolean {
  const value = part.json[name] ?? otherwise;
  return typeof value === "boolean" ? value : wrongField(part, name, "true or false");
}

/** @throws {FormatError} if it is no whole number from 0 on. */
export function countField(part: Part, name: string, otherwise?: number): number {
  const value = part.json[name] ?? otherwise;
  return typeof value === "number" && Number.isInteger(value) && value >= 0
    ? value
    : wrongField(part, name, "a whole number");
}

/** The parts of a sequence. @throws {FormatError} if they are no list of parts. */
export function stepsField(part: Part, name: string): readonly Part[] {
  const steps = part.json[name];
  if (!Array.isArray(steps)) return wrongField(part, name, "a list");
  return steps.map((step: unknown) => partOf(part.path, part.field, step));
}

const describe = (value: unknown): string => (isJson(value) ? describeJson(value) : typeof value);

const isJson = (value: unknown): value is JsonValue | undefined =>
  value === undefined ||
  value === null ||
  ["object", "string", "number", "boolean"].includes(typeof value);
