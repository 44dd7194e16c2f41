/**
 * @file The server of the page that shows runs. It reads their logs and nothing else, so it cannot disturb a run, and a page that is
 * opened anew hears everything from the beginning. It listens on this machine alone, and tells only those who know its token.
 *
 *   GET /?token=T          the page
 *   GET /events?token=T    server-sent events (WHATWG HTML, 9.2): `runs`, their paths; a message, an event of a run; `again`, a run
 *                          whose log is told from its beginning
 */

import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { nodeHost } from "../../host/node.ts";
import { followLog, logBytes } from "../../runs/follow-log.ts";
import { type LocalServer, serveLocally } from "./local-server.ts";

export interface WatchOptions {
  /** Directories of runs, which need not be there yet. */
  readonly runs: readonly string[];
  /** Any that is free if it is 0. */
  readonly port: number;
}

/** Between two looks at a run that has ended, and may go on. */
const LOOK_AGAIN_MS = 1000;

interface PageFile {
  readonly url: URL;
  readonly type: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

const ofPage = (name: string, type: string): readonly [string, PageFile] => [
  `/${name}`,
  { url: new URL(`../../../page/${name}`, import.meta.url), type },
];

const PLOT = import.meta.resolve("uplot");

/** What is served, and nothing else. */
const FILES: ReadonlyMap<string, PageFile> = new Map([
  [
    "/",
    { url: new URL("../../../page/index.html", import.meta.url), type: "text/html; charset=utf-8" },
  ],
  ofPage("style.css", STYLE),
  ...["alerts", "charts", "format", "main", "run-state", "view"].map((name) =>
    ofPage(`${name}.js`, SCRIPT),
  ),
  ["/uplot.js", { url: new URL("uPlot.iife.min.js", PLOT), type: SCRIPT }],
  ["/uplot.css", { url: new URL("uPlot.min.css", PLOT), type: STYLE }],
]);

/** Nothing from elsewhere; uPlot sets styles of its own elements. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
};

/** @throws {UsageError} if the port is taken. */
export async function serveRuns({ runs, port }: WatchOptions): Promise<LocalServer> {
  const host = nodeHost();
  const closing = new AbortController();
  const server = await serveLocally({
    port,
    command: "watch",
    headers: HEADERS,
    needsToken: (path) => path === "/" || path === "/events",
    async answer(path, response) {
      const file = FILES.get(path);
      if (path === "/events") await tell(response);
      if (!file) return path === "/events";
      response.setHeader("Content-Type", file.type);
      response.end(await readFile(fileURLToPath(file.url)));
      return true;
    },
  });

  /** Tells what is in the logs and what comes, until the page is gone. */
  async function tell(response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(message(runs, "runs"));
    await Promise.all(runs.map((run, index) => tellRun(response, { run, index, signal })));
    response.end();
  }

  async function tellRun(
    response: ServerResponse,
    {
      run,
      index,
      signal,
    }: { readonly run: string; readonly index: number; readonly signal: AbortSignal },
  ): Promise<void> {
    while (!signal.aborted) {
      response.write(message(index, "again"));
      for await (const event of followLog(host, run, { signal })) {
        // A page that sleeps does not take what it is sent.
        if (!response.write(message({ run: index, event }))) await drained(response, signal);
        if (signal.aborted) return;
      }
      const told = await logBytes(host.files, run);
      while (!signal.aborted && (await logBytes(host.files, run)) === told) {
        await host.clock.wait(LOOK_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  return {
    address: server.address,
    async close() {
      closing.abort();
      await server.close();
    },
  };
}

const message = (data: unknown, event?: string): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

const drained = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => resolve();
    response.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
