/**
 * @file A connection to the Hub: what every call of `@huggingface/hub` takes. Its `fetch` tells two
 * kinds of failure apart before the library makes one of them: the Hub said no, or it was not there
 * to say anything.
 */

import { errorCode } from "../host/file-error.ts";
import type { HubSettings } from "./environment.ts";

export interface Connection {
  readonly hubUrl: string;
  readonly accessToken?: string;
  /** Rejects with `Refusal` or `Unreachable`, or with the reason of an abort. */
  readonly fetch: typeof fetch;
}

/**
 * The Hub, or what stands before it, cannot be reached or is out of order; later it may be
 * otherwise.
 */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The Hub answered, and will not do it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** The Hub's word for it, such as "GatedRepo"; empty if it has none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function connect(
  { endpoint, token }: HubSettings,
  signal: AbortSignal = new AbortController().signal,
): Connection {
  return {
    hubUrl: endpoint,
    ...(token !== undefined && { accessToken: token }),
    async fetch(input, init) {
      const signals = [signal, ...(init?.signal ? [init.signal] : [])];
      let response: Response;
      try {
        response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      } catch (error) {
        throw connectionError(error, signal);
      }
      if (response.ok) return response;
      throw await failure(response);
    },
  };
}

/**
 * What becomes of an error of the network: the reason of an abort, if that is behind it, or
 * `Unreachable`.
 */
export function connectionError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof Unreachable ? error : new Unreachable(reason(error), { cause: error });
}

/** Of a server or a proxy that is overloaded, out of order or slow. */
const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 429;

async function failure(response: Response): Promise<Error> {
  const { status, headers } = response;
  const message = headers.get("X-Error-Message") ?? (await errorText(response));
  if (isPassing(status)) {
    return new Unreachable(`it answers ${status}${message === "" ? "" : `, ${message}`}`);
  }
  return new Refusal(status, headers.get("X-Error-Code") ?? "", message);
}

/** The field `error` of an answer in JSON; other answers are pages for browsers. */
async function errorText(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const answer: unknown = JSON.parse(text);
    const isTold = typeof answer === "object" && answer !== null && "error" in answer;
    return isTold && typeof answer.error === "string" ? answer.error : "";
  } catch {
    return "";
  }
}

/**
 * Node hides what happened in the cause, whose message is empty if several addresses were tried.
 */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || errorCode(cause) || cause.name;
}
