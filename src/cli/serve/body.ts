/** @file The body of a request as JSON, of limited length. */

import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";

/** The longest body, in bytes: more than any context holds. */
export const MOST_BYTES = 8e6;

/** @throws {ApiError} if it is no JSON, or too long. */
export async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // Pages of others may send forms and texts unasked, and no JSON.
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    const got = type === "" ? "none" : type;
    throw new ApiError(415, `Content-Type must be application/json; got ${got}`);
  }
  const bytes = await bytesOf(request);
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return value;
  } catch {
    throw new ApiError(400, "the body is no JSON");
  }
}

/** An iteration that is left would close the connection, before anything is said. */
const bytesOf = (request: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on("data", (part: Buffer) => {
      length += part.length;
      if (length <= MOST_BYTES) return void parts.push(part);
      request.pause();
      const message = `a body has at most ${MOST_BYTES} bytes here`;
      reject(new ApiError(413, message, { code: "body_too_large" }));
    });
    request.once("end", () => resolve(Buffer.concat(parts)));
    request.once("error", reject);
  });
