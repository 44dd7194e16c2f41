/**
 * @file Where the Hub is, where its files are kept and who asks for them. The environment variables
 * are those of Hugging Face's own tools, and are read here and nowhere else:
 *
 *   HF_HUB_CACHE     the cache; $HF_HOME/hub if absent
 *   HF_HOME          $XDG_CACHE_HOME/huggingface if absent, ~/.cache/huggingface without that
 *   HF_ENDPOINT      the address of the Hub, or of a mirror
 *   HF_TOKEN         else the content of the file HF_TOKEN_PATH, $HF_HOME/token if absent
 *   HF_HUB_OFFLINE   1, on, yes or true: no request is made
 *
 * The older names HUGGINGFACE_HUB_CACHE and TRANSFORMERS_OFFLINE count where the newer are not set.
 *
 * Source: "Environment variables" in the documentation of huggingface_hub, version 2.4.
 */

import { UsageError } from "../errors.ts";
import { readText } from "../host/content.ts";
import { fileError, isAbsent } from "../host/file-error.ts";
import type { FileStore, Host } from "../host/host.ts";
import { join } from "../host/path.ts";

/** Where the Hub is, who asks, and where downloads are kept. */
export interface HubSettings {
  /** Shared with other programs: models--owner--name, datasets--owner--name. */
  readonly cacheDir: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The file that a token would be read from. */
  readonly tokenPath: string;
  /** Whether to make no request at all. */
  readonly offline: boolean;
}

/**
 * The settings that an environment gives, under those that are given.
 *
 * @throws {UsageError} if the token is none, or its file cannot be read.
 */
export async function hubSettings(
  host: Host,
  given: Partial<HubSettings> = {},
): Promise<HubSettings> {
  const { environment } = host;
  const read = (name: string): string | undefined => expand(environment(name), host);
  const cache = read("XDG_CACHE_HOME") ?? join(host.home ?? "", ".cache");
  const home = read("HF_HOME") ?? join(cache, "huggingface");
  const tokenPath = given.tokenPath ?? read("HF_TOKEN_PATH") ?? join(home, "token");
  const offline = environment("HF_HUB_OFFLINE") || environment("TRANSFORMERS_OFFLINE") || "";
  const token =
    given.token ?? trimmed(environment("HF_TOKEN")) ?? (await readToken(host.files, tokenPath));
  if (token !== undefined && !token.startsWith("hf_")) {
    throw new UsageError("HF_TOKEN: a token of the Hub begins with hf_; got another text");
  }
  return {
    cacheDir:
      given.cacheDir ?? read("HF_HUB_CACHE") ?? read("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub"),
    endpoint: (given.endpoint ?? read("HF_ENDPOINT") ?? HUB).replace(/\/+$/, ""),
    token,
    tokenPath,
    offline: given.offline ?? TRUE.has(offline.toLowerCase()),
  };
}

const HUB = "https://huggingface.co";
const TRUE: ReadonlySet<string> = new Set(["1", "on", "yes", "true"]);

/**
 * A path with `~` and `$NAME` replaced, as Python's expanduser and expandvars do; no text is none.
 */
function expand(text: string | undefined, { home = "~", environment }: Host): string | undefined {
  if (text === undefined || text === "") return undefined;
  return text
    .replace(/^~(?=$|[/\\])/, home)
    .replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (all: string, plain?: string, braced?: string) => {
      return environment(plain ?? braced ?? "") ?? all;
    });
}

async function readToken(files: FileStore, path: string): Promise<string | undefined> {
  try {
    return trimmed(await readText(files, path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError(path, "cannot read the token", error);
  }
}

/** Without white space around it; no text is none. */
const trimmed = (text: string | undefined): string | undefined => text?.trim() || undefined;
