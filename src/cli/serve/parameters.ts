/**
 * @file The parameters of a request: those that are done, those of OpenAI's that are taken where they change nothing, and no others. null
 * stands for a parameter that is not there.
 */

import { isObject, type Json } from "../../files/json.ts";
import { ApiError } from "./api-error.ts";

/** The parameters of a request that are there. */
export type Parameters = ReadonlyMap<string, unknown>;

/** How a text is to be made, as a request says. */
export interface Sampling {
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stopStrings: readonly string[];
  /** Whether it comes as it is made. */
  readonly isStreamed: boolean;
  /** Whether a stream ends with what it took. */
  readonly tellsUsage: boolean;
}

const DONE = [
  "max_tokens",
  "max_completion_tokens",
  "model",
  "seed",
  "stop",
  "stream",
  "stream_options",
  "temperature",
  "top_p",
];

const is = (only: unknown) => (value: unknown) => value === only;
const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
const always = (): boolean => true;

/** Parameters that are not done, and whether a value asks for nothing. */
const WITHOUT_EFFECT: Readonly<Record<string, (value: unknown) => boolean>> = {
  best_of: is(1),
  echo: is(false),
  frequency_penalty: is(0),
  function_call: is("none"),
  functions: isEmpty,
  logit_bias: isEmpty,
  logprobs: is(false),
  metadata: always,
  modalities: (value) => Array.isArray(value) && value.join() === "text",
  n: is(1),
  parallel_tool_calls: always,
  presence_penalty: is(0),
  response_format: (value) => isObject(value) && value["type"] === "text",
  safety_identifier: always,
  store: is(false),
  suffix: is(""),
  tool_choice: (value) => value === "none" || value === "auto",
  tools: isEmpty,
  user: always,
};

/**
 * The parameters of a body.
 *
 * @param own - what requests of its kind have besides
 * @throws {ApiError} that names the first that is not known, or not done.
 */
export function parametersOf(body: unknown, own: readonly string[]): Parameters {
  if (!isObject(body)) throw new ApiError(400, "the body must be a JSON object");
  const known = [...DONE, ...own];
  const given = Object.entries(body satisfies Json).filter(([, value]) => value !== null);
  for (const [param, value] of given) {
    if (known.includes(param)) continue;
    const hasNoEffect = Object.hasOwn(WITHOUT_EFFECT, param) ? WITHOUT_EFFECT[param] : undefined;
    if (hasNoEffect?.(value) === true) continue;
    const what = hasNoEffect
      ? `${JSON.stringify(value)} is not supported here`
      : "is not known here";
    throw new ApiError(400, `${param}: ${what}`, { param, code: "unsupported_parameter" });
  }
  return new Map(given);
}

/** @throws {ApiError} if a parameter is not what it should be, or more tokens are asked for than `mostTokens`. */
export function samplingOf(given: Parameters, mostTokens: number): Sampling {
  const maxNewTokens = tokensOf(given, mostTokens);
  const temperature = numberOf(given, "temperature", { min: 0, max: 2 });
  const topP = numberOf(given, "top_p", { min: 0, max: 1 });
  const seed = numberOf(given, "seed", { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true });
  const isStreamed = flagOf("stream", given.get("stream"));
  const options = given.get("stream_options") ?? {};
  if (!isObject(options)) throw wrong("stream_options", "an object", options);
  for (const name of Object.keys(options)) {
    if (name === "include_usage" || name === "include_obfuscation") continue;
    const param = `stream_options.${name}`;
    throw new ApiError(400, `${param}: is not known here`, {
      param,
      code: "unsupported_parameter",
    });
  }
  if (options["include_obfuscation"] === true) {
    const param = "stream_options.include_obfuscation";
    throw new ApiError(400, `${param}: true is not supported here`, { param });
  }
  return {
    ...(maxNewTokens !== undefined && { maxNewTokens }),
    ...(temperature !== undefined && { temperature }),
    // The smallest share keeps the likeliest token.
    ...(topP !== undefined && { topP: Math.max(topP, Number.MIN_VALUE) }),
    ...(seed !== undefined && { seed }),
    stopStrings: stopsOf(given.get("stop")),
    isStreamed,
    tellsUsage: flagOf("stream_options.include_usage", options["include_usage"]),
  };
}

/** The name that the older name of the same parameter stands for comes first. */
const LIMITS = ["max_completion_tokens", "max_tokens"] as const;

function tokensOf(given: Parameters, most: number): number | undefined {
  for (const param of LIMITS) {
    const tokens = numberOf(given, param, { min: 1, max: Infinity, isWhole: true });
    if (tokens === undefined) continue;
    if (tokens <= most) return tokens;
    const message = `${param}: an answer has at most ${most} tokens here; got ${tokens}`;
    throw new ApiError(400, message, { param, code: "invalid_value" });
  }
  return undefined;
}

interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

function numberOf(
  given: Parameters,
  param: string,
  { min, max, isWhole = false }: NumberRange,
): number | undefined {
  const value = given.get(param);
  if (value === undefined) return undefined;
  const isRight =
    typeof value === "number" &&
    value >= min &&
    value <= max &&
    (!isWhole || Number.isInteger(value));
  if (isRight) return value;
  const range = max === Infinity ? `from ${min}` : `from ${min} to ${max}`;
  throw wrong(param, `a ${isWhole ? "whole " : ""}number ${range}`, value);
}

function flagOf(param: string, value: unknown = false): boolean {
  if (value === null) return false;
  if (typeof value === "boolean") return value;
  throw wrong(param, "true or false", value);
}

/** As many as OpenAI takes. */
const MOST_STOPS = 4;

function stopsOf(value: unknown = []): readonly string[] {
  const stops: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = stops.filter((stop) => typeof stop === "string");
  if (texts.length === stops.length && stops.length <= MOST_STOPS) return texts;
  throw wrong("stop", `a text, or a list of at most ${MOST_STOPS}`, value);
}

/** A parameter that is something else than it should be. */
export function wrong(param: string, what: string, value: unknown): ApiError {
  const written = JSON.stringify(value) ?? "nothing";
  const got = written.length > 60 ? `${written.slice(0, 60)}…` : written;
  return new ApiError(400, `${param}: must be ${what}; got ${got}`, {
    param,
    code: "invalid_value",
  });
}
