/**
 * @file Paths as texts. What is made here has "/" between its parts, which every system takes; what a person gives may have "\" too,
 * as on Windows, and stays as it is.
 */

const SEPARATORS = /[/\\]+/;
/** What a path begins with that is no name: "/", "\\", "C:", "C:\". */
const ROOT = /^(?:[A-Za-z]:)?[/\\]*/;

/** Parts one after another; a part that is empty or "." adds nothing. */
export function join(...parts: readonly string[]): string {
  const [first = "", ...rest] = parts.filter((part) => part !== "" && part !== ".");
  const following = rest
    .map((part) => part.replaceAll(/^(?:\.?[/\\]+)+|[/\\]+$/g, ""))
    .filter((part) => part !== "");
  if (following.length === 0) return first;
  const root = ROOT.exec(first)?.[0] ?? "";
  const start = first === root ? root : `${first.replace(/[/\\]+$/, "")}/`;
  return start + following.join("/");
}

/** The directory that a path stands in: "." of a mere name. */
export function dirname(path: string): string {
  const root = ROOT.exec(path)?.[0] ?? "";
  const names = path.slice(root.length).replace(/[/\\]+$/, "");
  const directory = names.replace(/[/\\]*[^/\\]*$/, "");
  return root + directory || ".";
}

/** The last name of a path. */
export const basename = (path: string): string => namesOf(path).at(-1) ?? "";

/** From the last dot of the last name on, as ".json"; empty where there is none, or a name only begins with it. */
export const extension = (path: string): string =>
  /(?<=[^.])\.[^.]*$/.exec(basename(path))?.[0] ?? "";

/** The part of a path below a directory, which it lies in; the path itself if it lies elsewhere. */
export function below(directory: string, path: string): string {
  const outer = namesOf(directory);
  const names = namesOf(path);
  const isWithin =
    ROOT.exec(directory)?.[0] === ROOT.exec(path)?.[0] &&
    outer.every((name, i) => name === names[i]);
  return isWithin ? names.slice(outer.length).join("/") : path;
}

/** The path of a `file:` URL. */
export function pathOfUrl(url: string): string {
  const { host, pathname } = new URL(url);
  const path = decodeURIComponent(pathname);
  if (host !== "") return `//${host}${path}`;
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
}

/** The names in a path, without its root and without ".". */
export const namesOf = (path: string): readonly string[] =>
  path
    .replace(ROOT, "")
    .split(SEPARATORS)
    .filter((name) => name !== "" && name !== ".");
