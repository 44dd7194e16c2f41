/** @file A server of pages for this machine alone, which tells only those who know its token. */

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { UsageError } from "../../errors.ts";
import { nodeHost } from "../../host/node.ts";

export interface LocalServer {
  /** What a browser opens. */
  readonly address: string;
  close(): Promise<void>;
}

export interface LocalPages {
  /** Any that is free if it is 0. */
  readonly port: number;
  /** The command that prints the address. */
  readonly command: string;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether a path is answered only with the token. */
  needsToken(path: string): boolean;
  /** Answers a GET; returns whether there is something. */
  answer(path: string, response: ServerResponse): Promise<boolean>;
}

const HOST = "127.0.0.1";

const HEADERS = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** @throws {UsageError} if the port is taken. */
export async function serveLocally(pages: LocalPages): Promise<LocalServer> {
  const token = Buffer.from(nodeHost().randomBytes(16)).toString("hex");
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", `http://${HOST}`);
    response.setHeaders(new Map(Object.entries({ ...HEADERS, ...pages.headers })));
    // A page elsewhere may have given its own name to this address.
    const isOurs = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? "");
    const isKnown = isSame(searchParams.get("token") ?? "", token);
    if (!isOurs || (pages.needsToken(pathname) && !isKnown)) {
      const told = `the address that flora ${pages.command} printed has a token, which is missing here`;
      return refuse(response, 403, told);
    }
    if (request.method !== "GET") return refuse(response, 405, "this page is only read");
    if (!(await pages.answer(pathname, response))) {
      refuse(response, 404, "there is nothing here");
    }
  }

  await listening(server, pages.port);
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : pages.port;
  return {
    address: `http://${HOST}:${bound}/?token=${token}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const refuse = (response: ServerResponse, status: number, text: string): void =>
  void response.writeHead(status, { "Content-Type": "text/plain" }).end(`${text}\n`);

function isSame(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new UsageError(`--port: another program listens there; got ${port}`, {
              hint: "give another, or none",
            })
          : error,
      ),
    );
    server.listen(port, HOST, () => resolve());
  });
