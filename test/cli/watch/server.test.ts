/** The server of the page: what it tells, and whom. */

import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LocalServer } from "../../../src/cli/watch/local-server.ts";
import { serveRuns } from "../../../src/cli/watch/server.ts";
import { formatLine } from "../../../src/runs/log-line.ts";
import { endEvent, startEvent, stepEvent } from "../events.ts";

let folder = "";
let server: LocalServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flora-watch-"));
  server = await serveRuns({ runs: [folder, join(folder, "later")], port: 0 });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const at = (path: string): URL => {
  const url = new URL(server.address);
  url.pathname = path;
  return url;
};

const log = (...events: Parameters<typeof formatLine>[0][]) =>
  events.map((event) => `${formatLine(event, new Date(0))}\n`).join("");

/** Reads messages of the stream, until there are as many as are wanted. */
function messages() {
  const controller = new AbortController();
  let text = "";
  const read = fetch(at("/events"), { signal: controller.signal }).then(async ({ body }) => {
    const decoder = new TextDecoder();
    for await (const part of body ?? []) text += decoder.decode(part, { stream: true });
  });
  read.catch(() => undefined);
  return {
    async until(count: number): Promise<readonly string[]> {
      await expect.poll(() => text.split("\n\n").length - 1, { timeout: 10_000 }).toBe(count);
      return text.split("\n\n").slice(0, count);
    },
    close: () => controller.abort(),
  };
}

it("tells what is in a log, what comes, and a run that goes on from its beginning", async () => {
  const path = join(folder, "log.jsonl");
  await writeFile(path, log(startEvent(), stepEvent({ step: 1 })));
  const stream = messages();
  const first = await stream.until(5);
  expect(first[0]).toBe(`event: runs\ndata: ${JSON.stringify([folder, join(folder, "later")])}`);
  expect(first.slice(1, 3)).toEqual(["event: again\ndata: 0", "event: again\ndata: 1"]);
  expect(first[4]).toMatch(/^data: \{"run":0,"event":\{"type":"step","time":"1970.*"step":1,/);

  await appendFile(path, log(stepEvent({ step: 2 }), endEvent()));
  expect((await stream.until(7))[6]).toContain('"type":"end"');
  await appendFile(path, log({ ...startEvent(), startStep: 2 }, stepEvent({ step: 3 })));
  const all = await stream.until(7 + 1 + 6);
  expect(all[7]).toBe("event: again\ndata: 0");
  expect(all.at(-1)).toContain('"step":3,');
  stream.close();
});

it("serves the page and its files, and nothing else", async () => {
  for (const path of ["/", "/main.js", "/style.css", "/uplot.js", "/uplot.css"]) {
    const { status, headers } = await fetch(at(path));
    expect([path, status, headers.get("content-security-policy")]).toEqual([
      path,
      200,
      expect.stringContaining("default-src 'self'"),
    ]);
  }
  expect((await fetch(at("/../package.json"))).status).toBe(404);
  expect((await fetch(at("/"), { method: "POST" })).status).toBe(405);
});

it("tells nothing to who does not know the token, or comes by another name", async () => {
  const { address } = server;
  for (const url of [
    address.replace(/token=.*/, ""),
    `${address}0`,
    address.replace("/?", "/events?x"),
  ]) {
    const response = await fetch(url);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("has a token, which is missing here");
  }
  // fetch does not let one choose the host.
  const status = await new Promise((resolve) => {
    const asked = request(address, { headers: { host: "example.org" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.end();
  });
  expect(status).toBe(403);
});

it("says which port is taken", async () => {
  const port = Number(new URL(server.address).port);
  await expect(serveRuns({ runs: [folder], port })).rejects.toThrow(
    `--port: another program listens there; got ${port}`,
  );
});
