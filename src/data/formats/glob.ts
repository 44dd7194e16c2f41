/** @file Globs: *, **, ?, [ab] and {a,b} in paths with "/". What begins with a dot is left out, unless the glob says so. */

/** A glob, apart from the folder that it begins with. */
export interface Glob {
  /** Empty for that where the program runs. */
  readonly folder: string;
  /** How many levels below the folder its files stand at most. */
  readonly levels: number;
  /** Whether a path fits that begins in the folder. */
  fits(path: string): boolean;
}

/** The glob that a path is; undefined if there is no pattern in it. */
export async function globOf(path: string): Promise<Glob | undefined> {
  if (!/[*?[\]{}()!]/.test(path)) return undefined;
  // It is CommonJS, which a page without a bundler cannot load.
  const { default: picomatch } = await import("picomatch");
  const { base, glob, isGlob } = picomatch.scan(path);
  if (!isGlob) return undefined;
  const levels = glob.includes("**") ? Infinity : glob.split("/").length;
  return { folder: base, levels, fits: picomatch(glob) };
}

/** What a path stands for among others: itself, those in a folder, or those that fit a glob; nothing, if there is none. */
export async function pathsFor(path: string, among: readonly string[]): Promise<readonly string[]> {
  if (among.includes(path)) return [path];
  const within = (folder: string) => {
    const start = folder === "" ? "" : `${folder.replace(/\/+$/, "")}/`;
    return among.filter((each) => each.startsWith(start)).map((each) => ({ each, start }));
  };
  const glob = await globOf(path);
  if (!glob) return within(path).map(({ each }) => each);
  return within(glob.folder)
    .filter(({ each, start }) => glob.fits(each.slice(start.length)))
    .map(({ each }) => each);
}
