/** @file What a person is told when the Hub says no, or says nothing. */

import { UsageError } from "../errors.ts";
import type { Refusal, Unreachable } from "./connection.ts";
import type { Host } from "../host/host.ts";
import type { HubSettings } from "./environment.ts";
import { formatRepository, type Repository } from "./repository.ts";

/** A refusal as a sentence, with what to do about it. */
export function refused(
  refusal: Refusal,
  repository: Repository,
  settings: HubSettings,
): UsageError {
  const { status, code, message } = refusal;
  const { type, name, revision } = repository;
  const { endpoint, token } = settings;
  const page = `${endpoint}/${type === "dataset" ? "datasets/" : ""}${name}`;
  const say = (what: string, hint: string): UsageError =>
    new UsageError(`${formatRepository(repository)}: ${what}`, { hint, cause: refusal });

  if (status === 401 && /invalid credentials|expired/i.test(message)) {
    return say(
      "the Hub does not accept the token",
      `make a new one on ${endpoint}/settings/tokens, and set HF_TOKEN; public ${type}s need none`,
    );
  }
  if (code === "GatedRepo") {
    const accept = `accept its terms on ${page}`;
    return token === undefined
      ? say("gated", `${accept}, and set HF_TOKEN to a token of the same account`)
      : say("gated, and the account of the token may not read it", accept);
  }
  if (code === "RevisionNotFound") {
    return say(`there is no revision ${revision}`, `${page}/tree/main lists branches and tags`);
  }
  if (code === "EntryNotFound") {
    return say(`a file that was listed is not there${told(message)}`, "fetch it again");
  }
  if (status === 401 || status === 404) {
    return say(
      `${ABSENT[type]}, or a private one`,
      token === undefined
        ? "check the spelling; a private one needs a token, in HF_TOKEN or by hf auth login"
        : "check the spelling; a private one needs a token of an account that may read it",
    );
  }
  if (status === 403) {
    return say(
      `the token does not allow this${told(message)}`,
      `see what it allows on ${endpoint}/settings/tokens`,
    );
  }
  return say(`the Hub answers ${status}${told(message)}`, `see ${page}`);
}

const ABSENT = {
  model: "no such directory, and no such model on the Hub",
  dataset: "no such dataset on the Hub",
} as const;

/** The name of a model might have been meant as a path. */
const NOT_HERE = { model: "no such directory, and ", dataset: "" } as const;

/** The words of the Hub, where it has any. */
export const told = (message: string): string => (message === "" ? "" : `; it says: ${message}`);

/** What is not in the cache, and cannot be fetched. */
export function outOfReach(
  host: Host,
  cause: Unreachable,
  repository: Repository,
  { endpoint, cacheDir }: HubSettings,
): UsageError {
  const what =
    `${NOT_HERE[repository.type]}cannot be fetched from ${endpoint} (${cause.message}),` +
    ` and is not complete in the cache, ${cacheDir}`;
  const again = "try again, which goes on where it broke off; or";
  const hint = [
    `${again} ${elsewhere(repository)}`,
    ...certificate(cause),
    ...throughProxy(host),
  ].join("\n  ");
  return new UsageError(`${formatRepository(repository)}: ${what}`, { cause, hint });
}

/** What is not in the cache, and may not be fetched. */
export const notCached = (repository: Repository, { cacheDir }: HubSettings): UsageError =>
  new UsageError(
    `${formatRepository(repository)}: ${NOT_HERE[repository.type]}not in the cache, ${cacheDir},` +
      " and HF_HUB_OFFLINE forbids to fetch it",
    { hint: `unset HF_HUB_OFFLINE, or ${elsewhere(repository)}` },
  );

function elsewhere({ type, name, revision }: Repository): string {
  const directory = name.split("/")[1];
  const options = [
    ...(type === "model" ? [] : [`--repo-type ${type}`]),
    ...(revision === "main" ? [] : [`--revision ${revision}`]),
    `--local-dir ${directory}`,
  ];
  return (
    `fetch it on a computer with a network, hf download ${name} ${options.join(" ")},` +
    " and give the path of a copy; or copy its cache, and set HF_HOME"
  );
}

/** What helps where a company opens the connections of its people. */
const certificate = ({ message }: Unreachable): readonly string[] =>
  /certificate/i.test(message)
    ? ["NODE_EXTRA_CA_CERTS=FILE adds the certificate of a proxy to those that Node trusts"]
    : [];

const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] as const;

/** Node's fetch does not look for a proxy unless it is told to. */
function throughProxy({ environment }: Host): readonly string[] {
  const proxy = PROXIES.find((name) => (environment(name) ?? "") !== "");
  if (proxy === undefined || environment("NODE_USE_ENV_PROXY") === "1") return [];
  return [`${proxy} is set: Node 24 heeds it with NODE_USE_ENV_PROXY=1`];
}

/** A few names, for messages. */
export function someOf(names: readonly string[], limit = 8): string {
  if (names.length === 0) return "no files";
  const more = names.length > limit ? `, and ${names.length - limit} more` : "";
  return names.slice(0, limit).join(", ") + more;
}
