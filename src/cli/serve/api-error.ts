/** @file Errors as OpenAI's interface writes them: a status, and `{ error: { message, type, param, code } }`. */

import { UsageError } from "../../errors.ts";

/** What an error is about. */
interface About {
  /** The parameter that is wrong. */
  readonly param?: string;
  /** A word for programs. */
  readonly code?: string;
}

/** Why a request has no answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly about: About;

  constructor(status: number, message: string, about: About = {}) {
    super(message);
    this.status = status;
    this.about = about;
  }
}

/** The error that anything thrown is; what went wrong within stays within. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof UsageError) {
    const hint = error.hint === undefined ? "" : ` (${error.hint})`;
    return new ApiError(400, `${error.message}${hint}`);
  }
  return new ApiError(500, "the server failed; its own output says more", { code: "internal" });
}

/** The body of an error. */
export function errorBody({ status, message, about }: ApiError): object {
  const { param = null, code = null } = about;
  return { error: { message, type: typeOf(status), param, code } };
}

function typeOf(status: number): string {
  if (status === 401 || status === 403) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
