/**
 * @file The Hub on loopback, as far as it is used: two servers, for what the Hub redirects to lies
 * at another origin. It can be told to fail in the ways that networks do.
 *
 * What it answers follows the OpenAPI description of the Hub, and what huggingface_hub 2.4 and
 * @huggingface/hub 2.17.5 read of it.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { gitHash, hex, listen, refuse, reply, sha256, stop, trickle } from "./http.ts";

export interface LoggedRequest {
  readonly method: string;
  /** Path and query; "cdn:" in front at the other origin. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** What goes wrong; fields are set and cleared by tests. */
export interface Faults {
  /** Every answer has this status. */
  status?: number;
  /** The next answers with files that have more bytes end, with their connection, after so many. */
  readonly cuts: number[];
  /** As `cuts`, but the connection stays, and nothing more comes. */
  readonly stalls: number[];
  /** Files come in four pieces, so many milliseconds apart. */
  pace?: number;
  /** Files are sent whole, whatever range is asked for. */
  ignoresRange?: boolean;
  /** The first byte of files of so many bytes, and more, is another one. */
  damagesFrom?: number;
}

export interface ServedRepository {
  readonly isPrivate?: boolean;
  /** Whether only the holder of the token "hf_accepted" may read files. */
  readonly isGated?: boolean;
  /** Commits by branch. */
  readonly branches: Map<string, string>;
  /** Files by commit. */
  readonly commits: Map<string, ReadonlyMap<string, Uint8Array>>;
}

export interface HubServer {
  readonly url: string;
  readonly requests: LoggedRequest[];
  readonly faults: Faults;
  /** Of the commits that were pushed. */
  readonly titles: string[];
  /** By "models/owner/name". */
  readonly repositories: Map<string, ServedRepository>;
  /** Adds a commit with these files alone; returns its hash. */
  commit(key: string, files: Files, options?: CommitOptions): string;
  close(): Promise<void>;
}

export type Files = Readonly<Record<string, Uint8Array | string>>;

export interface CommitOptions {
  readonly branch?: string;
  readonly isPrivate?: boolean;
  readonly isGated?: boolean;
}

/** Tokens that the server knows; only the first may write. */
export const WRITE_TOKEN = "hf_write";
export const READ_TOKEN = "hf_read";
export const ACCEPTED_TOKEN = "hf_accepted";
const TOKENS: readonly string[] = [WRITE_TOKEN, READ_TOKEN, ACCEPTED_TOKEN];

/** Few, so that listings have several pages. */
const PAGE = 3;

const isLarge = (path: string): boolean => /\.(safetensors|bin|parquet)$/.test(path);

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => buffer(request);

export async function startHubServer(): Promise<HubServer> {
  const requests: LoggedRequest[] = [];
  const titles: string[] = [];
  const faults: Faults = { cuts: [], stalls: [] };
  const repositories = new Map<string, ServedRepository>();
  const stored = new Map<string, Uint8Array>();

  const hub = createServer((request, response) => {
    log(request, "");
    void answer(request, response).catch((error: unknown) => {
      reply(response, 500, { error: String(error) });
    });
  });
  const cdn = createServer((request, response) => {
    log(request, "cdn:");
    void answerCdn(request, response);
  });
  const url = await listen(hub);
  const cdnUrl = await listen(cdn);

  function log({ method = "", url: path = "", headers }: IncomingMessage, prefix: string): void {
    requests.push({ method, url: prefix + path, headers });
  }

  function commit(key: string, files: Files, options: CommitOptions = {}): string {
    const { branch = "main", ...rights } = options;
    const repository = repositories.get(key) ?? {
      ...rights,
      branches: new Map<string, string>(),
      commits: new Map<string, ReadonlyMap<string, Uint8Array>>(),
    };
    repositories.set(key, repository);
    const contents = new Map(
      Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]),
    );
    const id = hex("sha1", key, branch, String(repository.commits.size), ...contents.keys());
    repository.commits.set(id, contents);
    repository.branches.set(branch, id);
    for (const content of contents.values()) stored.set(sha256(content), content);
    return id;
  }

  /** A file, or the part of it that is asked for. */
  function send(
    request: IncomingMessage,
    response: ServerResponse,
    content: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): void {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const isPart = request.headers.range !== undefined && !faults.ignoresRange;
    if (isPart && from >= content.length) {
      reply(response, 416, { error: "Range Not Satisfiable" });
      return;
    }
    const part = Buffer.from(isPart ? content.subarray(from) : content);
    if (part.length >= (faults.damagesFrom ?? Infinity)) part[0] = (part[0] ?? 0) ^ 1;
    response.writeHead(isPart ? 206 : 200, {
      ...headers,
      "Content-Length": String(part.length),
      "Accept-Ranges": "bytes",
      ...(isPart && { "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    const [cut] = faults.cuts;
    const [stall] = faults.stalls;
    if (request.method === "HEAD") {
      response.end();
    } else if (cut !== undefined && part.length > cut) {
      faults.cuts.shift();
      response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
    } else if (stall !== undefined && part.length > stall) {
      faults.stalls.shift();
      response.write(part.subarray(0, stall));
    } else if (faults.pace !== undefined) {
      void trickle(response, part, faults.pace);
    } else {
      response.end(part);
    }
  }

  async function answerCdn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hash = (request.url ?? "").slice(1);
    if (request.method === "PUT") {
      const content = await bodyOf(request);
      if (sha256(content) !== hash) return reply(response, 400, { error: "wrong hash" });
      stored.set(hash, content);
      return reply(response, 200, {});
    }
    const content = stored.get(hash);
    if (!content) return reply(response, 404, { error: "not found" });
    send(request, response, content, { "Content-Type": "application/octet-stream" });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (faults.status !== undefined)
      return reply(response, faults.status, { error: "out of order" });
    const address = new URL(request.url ?? "", url);
    const path = decodeURIComponent(address.pathname);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined && !TOKENS.includes(token)) {
      return refuse(response, 401, "", "Invalid credentials in Authorization header");
    }
    const isRead = request.method !== "POST" || path.includes("/paths-info/");
    if (!isRead && token !== WRITE_TOKEN) {
      return refuse(response, 403, "", "You don't have the rights to do this");
    }
    if (path === "/api/repos/create") {
      const { name, organization, visibility } = JSON.parse((await bodyOf(request)).toString());
      const key = `models/${organization}/${name}`;
      if (repositories.has(key)) return reply(response, 409, { error: "exists" });
      commit(key, { ".gitattributes": "" }, { isPrivate: visibility === "private" });
      return reply(response, 200, { url: `${url}/${organization}/${name}`, id: "1" });
    }
    const [, api, type, name, rest = ""] =
      /^\/(api\/)?(models|datasets)?\/?([^/]+\/[^/]+?)(?:\.git)?(?:\/(.*))?$/.exec(path) ?? [];
    const key = `${type ?? "models"}/${name}`;
    const repository = repositories.get(key);
    if (!repository || (repository.isPrivate && token === undefined)) {
      const status = token === undefined ? 401 : 404;
      return refuse(response, status, "RepoNotFound", "Repository not found");
    }
    const context: Context = { request, response, address, token, key, repository };
    if (api === undefined && rest.startsWith("resolve/")) return resolve(context, rest);
    const [verb = "", ...more] = rest.split("/");
    const route = ROUTES[verb];
    if (!route) return reply(response, 404, { error: `no route ${path}` });
    return route(context, more.join("/"));
  }

  interface Context {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly address: URL;
    readonly token: string | undefined;
    readonly key: string;
    readonly repository: ServedRepository;
  }

  const ROUTES: Readonly<Record<string, (context: Context, rest: string) => void | Promise<void>>> =
    {
      revision: describeRevision,
      tree: listTree,
      branch: createBranch,
      preupload: sortFiles,
      info: startUpload,
      commit: acceptCommit,
    };

  /** The commit of a revision, with its files; refuses if there is none. */
  function find({ response, repository }: Context, revision: string) {
    const branch = revision === "HEAD" ? "main" : revision;
    const id = repository.branches.get(branch) ?? branch;
    const files = repository.commits.get(id);
    if (!files) refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    return files && { id, files };
  }

  function describeRevision(context: Context, revision: string): void {
    const found = find(context, revision);
    if (!found) return;
    const { isPrivate = false, isGated = false } = context.repository;
    reply(context.response, 200, {
      _id: "1",
      id: context.key.replace(/^\w+\//, ""),
      sha: found.id,
      private: isPrivate,
      gated: isGated && "auto",
      downloads: 0,
      likes: 0,
      tags: [],
      lastModified: "2026-01-01T00:00:00.000Z",
      createdAt: "2026-01-01T00:00:00.000Z",
      siblings: [...found.files.keys()].map((rfilename) => ({ rfilename })),
    });
  }

  function listTree(context: Context, revision: string): void {
    const found = find(context, revision);
    if (!found) return;
    const folders = new Set(
      [...found.files.keys()].flatMap((path) => (path.includes("/") ? [path.split("/")[0]] : [])),
    );
    const entries = [
      ...[...folders].map((path) => ({ type: "directory", path, oid: "0".repeat(40), size: 0 })),
      ...[...found.files].map(([path, content]) => {
        const size = content.length;
        if (!isLarge(path)) return { type: "file", path, oid: gitHash(content), size };
        const oid = sha256(content);
        const version = "version https://git-lfs.github.com/spec/v1";
        const pointer = `${version}\noid sha256:${oid}\nsize ${size}\n`;
        const lfs = { oid, size, pointerSize: pointer.length };
        return { type: "file", path, oid: gitHash(pointer), size, lfs };
      }),
    ];
    const start = Number(context.address.searchParams.get("cursor") ?? 0);
    const next = new URL(context.address);
    next.searchParams.set("cursor", String(start + PAGE));
    const link = start + PAGE < entries.length ? { Link: `<${next.href}>; rel="next"` } : {};
    reply(context.response, 200, entries.slice(start, start + PAGE), link);
  }

  function resolve(context: Context, rest: string): void {
    const { request, response, repository, token } = context;
    const revision = [...repository.branches.keys(), ...repository.commits.keys()].find((each) =>
      rest.startsWith(`resolve/${each}/`),
    );
    const found = find(context, revision ?? rest);
    if (!found) return;
    if (repository.isGated && token !== ACCEPTED_TOKEN) {
      const status = token === undefined ? 401 : 403;
      return refuse(response, status, "GatedRepo", "Access to this model is restricted");
    }
    const path = rest.slice(`resolve/${revision}/`.length);
    const content = found.files.get(path);
    if (!content) return refuse(response, 404, "EntryNotFound", "Entry not found");
    const headers = { "X-Repo-Commit": found.id };
    if (!isLarge(path)) {
      return send(request, response, content, { ...headers, ETag: `"${gitHash(content)}"` });
    }
    response.writeHead(302, {
      ...headers,
      Location: `${cdnUrl}/${sha256(content)}`,
      "X-Linked-ETag": `"${sha256(content)}"`,
      "X-Linked-Size": String(content.length),
    });
    response.end();
  }

  function createBranch({ repository, response }: Context, branch: string): void {
    if (repository.branches.has(branch)) return reply(response, 409, { error: "exists" });
    repository.branches.set(branch, repository.branches.get("main") ?? "");
    reply(response, 200, {});
  }

  async function sortFiles({ request, response }: Context): Promise<void> {
    const { files } = JSON.parse((await bodyOf(request)).toString());
    const sorted = files.map(({ path }: { path: string }) => ({
      path,
      uploadMode: isLarge(path) ? "lfs" : "regular",
      shouldIgnore: false,
    }));
    reply(response, 200, { files: sorted });
  }

  async function startUpload({ request, response }: Context): Promise<void> {
    const { objects } = JSON.parse((await bodyOf(request)).toString());
    const answers = objects.map(({ oid, size }: { oid: string; size: number }) => ({
      oid,
      size,
      ...(!stored.has(oid) && { actions: { upload: { href: `${cdnUrl}/${oid}` } } }),
    }));
    reply(response, 200, { transfer: "basic", objects: answers });
  }

  async function acceptCommit(context: Context, branch: string): Promise<void> {
    const found = find(context, branch);
    if (!found) return;
    const files = Object.fromEntries(found.files);
    const lines = (await bodyOf(context.request)).toString().split("\n");
    for (const line of lines) {
      const { key, value } = JSON.parse(line);
      if (key === "header") titles.push(value.summary);
      if (key === "file") files[value.path] = Buffer.from(value.content, "base64");
      if (key !== "lfsFile") continue;
      const content = stored.get(value.oid);
      if (!content)
        return reply(context.response, 400, { error: `${value.path} was not uploaded` });
      files[value.path] = content;
    }
    const id = commit(context.key, files, { branch });
    reply(context.response, 200, {
      commitOid: id,
      commitUrl: `${url}/commit/${id}`,
      success: true,
    });
  }

  return {
    url,
    requests,
    titles,
    faults,
    repositories,
    commit,
    async close() {
      await Promise.all([hub, cdn].map(stop));
    },
  };
}
