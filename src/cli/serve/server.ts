/**
 * @file A model behind OpenAI's interface, over HTTP.
 *
 *   POST /v1/chat/completions   an answer to a conversation
 *   POST /v1/completions        what follows a text
 *   GET  /v1/models             the model; GET /v1/models/NAME too
 *
 * On this machine alone nobody has to show a key, and names that others gave to its address are refused, so that no page of theirs can ask.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { UsageError } from "../../errors.ts";
import { answerChunks, type Answering, answerId, wholeAnswer } from "./answer.ts";
import { ApiError, apiErrorOf, errorBody } from "./api-error.ts";
import { bodyOf } from "./body.ts";
import { checkName, type Kind, questionOf, type ServedModel } from "./question.ts";
import { createTurns, type TurnLimits } from "./turns.ts";

export interface ServeOptions extends TurnLimits {
  readonly host: string;
  /** Any that is free if it is 0. */
  readonly port: number;
  /** What requests have to show; nothing if absent. */
  readonly apiKey?: string | undefined;
  /** Hears of errors that are not the requests'. */
  readonly report: (error: unknown) => void;
}

export interface ModelServer {
  /** Where the interface begins: "http://127.0.0.1:8080/v1". */
  readonly address: string;
  /** Ends in good order: answers that are made may go on for so long, and no request is taken. Asked once more, it ends them at once. */
  close(graceMs: number): Promise<void>;
}

/** Addresses of this machine alone. */
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

const KINDS: Readonly<Record<string, Kind>> = {
  "/v1/chat/completions": "chat",
  "/v1/completions": "completion",
};

const MODELS = "/v1/models";

const HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** @throws {UsageError} if others than this machine could ask without a key. */
export function checkKey({ host, apiKey }: Pick<ServeOptions, "apiKey" | "host">): void {
  if (apiKey === "") throw new UsageError("--api-key: must be a text; got an empty one");
  if (apiKey !== undefined || isLoopback(host)) return;
  throw new UsageError(`--host: who reaches ${host} needs a key to show; got none`, {
    hint: "give --api-key, or leave --host out to serve this machine alone",
  });
}

/** @throws {UsageError} as `checkKey` does, or if the address is not to be had. */
export async function serveModel(
  served: ServedModel,
  { host, port, apiKey, report, ...limits }: ServeOptions,
): Promise<ModelServer> {
  checkKey({ host, apiKey });
  const turns = createTurns(limits);
  const stopping = new AbortController();
  const created = seconds();
  /** Answers that are being made. */
  const answers = new Set<Promise<void>>();
  let closing: { readonly done: Promise<void>; readonly hurry: () => void } | undefined;

  const server = createServer((request, response) => {
    if (closing) response.setHeader("Connection", "close");
    const answered = answer(request, response)
      .catch((error: unknown) => fail(response, error))
      .finally(() => answers.delete(answered));
    answers.add(answered);
  });

  async function shut(hurried: Promise<void>, graceMs: number): Promise<void> {
    turns.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await Promise.race([Promise.all(answers), after(graceMs), hurried]);
    // A token is made to its end, and its reader is told.
    stopping.abort(new Error("the server is stopping"));
    await Promise.race([closed, after(LAST_WORDS_MS)]);
    server.closeAllConnections();
    await Promise.all([closed, ...answers]);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkCaller(request);
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const kind = Object.hasOwn(KINDS, pathname) ? KINDS[pathname] : undefined;
    const isOfModels = pathname === MODELS || pathname.startsWith(`${MODELS}/`);
    if (!kind && !isOfModels) {
      throw new ApiError(404, `there is no ${pathname} here`, { code: "unknown_url" });
    }
    const method = kind ? "POST" : "GET";
    if (request.method !== method) {
      response.setHeader("Allow", method);
      throw new ApiError(405, `${pathname} takes ${method}; got ${request.method ?? "nothing"}`);
    }
    if (!kind) return send(response, 200, modelsAt(pathname));
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    const question = questionOf(kind, await bodyOf(request), served);
    const endTurn = await turns.take(signal);
    try {
      const heading = {
        id: answerId(kind, randomBytes(12)),
        created: seconds(),
        model: served.name,
      };
      const answering = { question, served, heading, signal };
      if (question.sampling.isStreamed) await stream(response, kind, answering);
      else send(response, 200, await wholeAnswer(kind, answering));
    } finally {
      endTurn();
    }
  }

  function checkCaller({ headers }: IncomingMessage): void {
    if (apiKey !== undefined) {
      const [, shown = ""] = /^Bearer (.*)$/i.exec(headers.authorization ?? "") ?? [];
      if (isSame(shown, apiKey)) return;
      throw new ApiError(401, "the key is missing or wrong: Authorization: Bearer KEY", {
        code: "invalid_api_key",
      });
    }
    // A page elsewhere may have given its own name to this address.
    const [, name = ""] = /^(.*?)(?::\d+)?$/.exec(headers.host ?? "") ?? [];
    if (isLoopback(name.replace(/^\[(.*)\]$/, "$1"))) return;
    throw new ApiError(403, "without a key this machine alone is answered, by its own names");
  }

  function modelsAt(pathname: string): object {
    const model = { id: served.name, object: "model", created, owned_by: "flora" };
    if (pathname === MODELS) return { object: "list", data: [model] };
    checkName(decodeURIComponent(pathname.slice(MODELS.length + 1)), served);
    return model;
  }

  /** Says what is wrong, in a stream that has begun as its last event; to who is gone nothing. */
  function fail(response: ServerResponse, thrown: unknown): void {
    const error = stopping.signal.aborted
      ? new ApiError(503, "the server is stopping", { code: "stopping" })
      : apiErrorOf(thrown);
    const isGone = response.destroyed;
    if (error.status === 500 && !isGone) report(thrown);
    if (isGone) return;
    if (response.headersSent) {
      response.end(event(errorBody(error)));
      return;
    }
    if (error.status === 429) response.setHeader("Retry-After", "1");
    // What is left of a body is not read.
    if (error.status === 413) response.setHeader("Connection", "close");
    send(response, error.status, errorBody(error));
  }

  await listening(server, { host, port });
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    address: `http://${name}:${bound}/v1`,
    close(graceMs) {
      if (closing) {
        closing.hurry();
        return closing.done;
      }
      let hurry = (): void => undefined;
      const hurried = new Promise<void>((resolve) => (hurry = resolve));
      closing = { done: shut(hurried, graceMs), hurry };
      return closing.done;
    },
  };
}

/** What those who are cut off may still be told in. */
const LAST_WORDS_MS = 500;

/** Nobody waits for the time alone. */
const after = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms).unref());

const seconds = (): number => Math.floor(Date.now() / 1000);

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Sends chunks as they are made, no faster than they are read. */
async function stream(response: ServerResponse, kind: Kind, answering: Answering): Promise<void> {
  response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream; charset=utf-8" });
  for await (const chunk of answerChunks(kind, answering)) {
    if (!response.write(event(chunk))) await drained(response, answering.signal);
    answering.signal.throwIfAborted();
  }
  response.end("data: [DONE]\n\n");
}

const drained = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });

/** Whether two texts are the same, in a time that tells nothing of either. */
const isSame = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

const listening = (
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(error, { host, port })));
    server.listen(port, host, () => resolve());
  });

function refusal(
  error: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  if (error.code === "EADDRINUSE") {
    return new UsageError(`--port: another program listens there; got ${port}`, {
      hint: "give another, or 0 for any that is free",
    });
  }
  if (error.code === "EACCES") {
    return new UsageError(`--port: may not be listened on; got ${port}`, {
      hint: "give one above 1023",
    });
  }
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return new UsageError(`--host: is no address of this machine; got ${host}`);
  }
  return error;
}
