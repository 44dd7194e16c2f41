/** The commands of flora that a document shows, and their words as a shell makes them. */

/** A command with what stands around it. */
export interface CommandLine {
  /** As it is written, on one line. */
  readonly text: string;
  /** After "flora". */
  readonly words: readonly string[];
  /** The words of the command whose output it reads. */
  readonly source: readonly string[] | undefined;
  /** The file that its output goes to. */
  readonly target: string | undefined;
  /** The lines below it that are its output, where the document shows them. */
  readonly shown: readonly string[];
}

const CODE = /^```(\w*)\n([^]*?)^```$|^(?: {4}.*\n?)+/gm;
const COMMAND = /^(?:[^#|]*\| )?(?:npx )?flora [a-z]/;

/** In the order of the document. */
export function commandLines(document: string): readonly CommandLine[] {
  return [...document.matchAll(CODE)].flatMap(([all, language, fenced]) => {
    const joined = (fenced ?? all).replaceAll(/ \\\n */g, " ");
    const lines = joined.split("\n").map((line) => line.replace(/^ {2,4}(?=\S)/, ""));
    if (language !== "console") return lines.filter(isCommand).map((line) => parse(line, []));
    const starts = lines.flatMap((line, i) => (line.startsWith("$ ") ? [i] : []));
    return starts.map((start, i) =>
      parse(lines[start]?.slice(2) ?? "", joined.split("\n").slice(start + 1, starts[i + 1] ?? -1)),
    );
  });
}

/** The commands that a run prints for its reader. */
export const printedCommands = (output: string): readonly CommandLine[] =>
  output
    .split("\n")
    .filter((line) => /^ {2}(?:npx )?flora [a-z]/.test(line))
    .map((line) => parse(line.trim(), []));

const isCommand = (line: string): boolean => COMMAND.test(line) && !line.startsWith("usage");

function parse(text: string, shown: readonly string[]): CommandLine {
  const all = shellWords(text);
  const pipe = all.indexOf("|");
  const [source, rest] = pipe < 0 ? [undefined, all] : [all.slice(0, pipe), all.slice(pipe + 1)];
  const redirect = rest.indexOf(">");
  const end = redirect < 0 ? rest.length : redirect;
  return {
    text: text.replace(/\s+#.*$/, ""),
    words: rest.slice(rest[0] === "npx" ? 2 : 1, end),
    source,
    target: redirect < 0 ? undefined : rest[redirect + 1],
    shown,
  };
}

const WORD = /\s*(?:#.*$|((?:\$'(?:\\.|[^'])*'|'[^']*'|"(?:\\.|[^"])*"|\\.|[^\s'"\\])+))/gy;
const PIECE = /\$'((?:\\.|[^'])*)'|'([^']*)'|"((?:\\.|[^"])*)"|\\(.)|([^'"\\]+)/g;

/** Words as bash splits and unquotes them; a comment ends them. */
export const shellWords = (line: string): readonly string[] =>
  [...line.matchAll(WORD)].flatMap(([, word]) =>
    word === undefined
      ? []
      : [
          [...word.matchAll(PIECE)]
            .map(([, escaped, single, double, one, bare]) =>
              escaped === undefined
                ? (single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? one ?? bare ?? "")
                : escaped.replaceAll(String.raw`\n`, "\n").replaceAll(/\\(.)/g, "$1"),
            )
            .join(""),
        ],
  );
