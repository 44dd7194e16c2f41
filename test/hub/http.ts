/** @file Answers in the Hub's way, the hashes that it gives, and servers on loopback. */

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server, ServerResponse } from "node:http";

export const hex = (algorithm: string, ...parts: readonly (Uint8Array | string)[]): string => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
export const gitHash = (content: Uint8Array | string): string =>
  hex("sha1", `blob ${Buffer.from(content).length}\0`, content);
export const sha256 = (content: Uint8Array | string): string => hex("sha256", content);

export function reply(
  response: ServerResponse,
  status: number,
  answer: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, "Content-Type": "application/json" });
  response.end(JSON.stringify(answer));
}

export const refuse = (
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void =>
  reply(
    response,
    status,
    { error: message },
    { "X-Error-Message": message, ...(code !== "" && { "X-Error-Code": code }) },
  );

/** Sends something in four pieces. */
export async function trickle(
  response: ServerResponse,
  content: Uint8Array,
  paceMs: number,
): Promise<void> {
  const piece = Math.ceil(content.length / 4);
  for (let at = 0; at < content.length; at += piece) {
    await sleep(paceMs);
    response.write(content.subarray(at, at + piece));
  }
  response.end();
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return `http://127.0.0.1:${address.port}`;
}

export async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
