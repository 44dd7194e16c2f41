/** A command of a document in its shortest form: the same words, with few steps and little output. */

const NANO = words("--model.n_embd 16 --model.n_layer 1 --model.n_head 2 --model.n_positions 256");
const QUICK = words("--translations 0 --evaluation-batches 1 --threads 1");
/** Options that say how long something takes, each with a value. */
const LENGTHS =
  /^--(steps|epochs|minutes|translations|evaluation-batches|samples|seeds|max-new-tokens|answers|evaluate-every|threads)$/;

const SHORTER: Readonly<Record<string, (given: readonly string[]) => readonly string[]>> = {
  train: (given) =>
    given.includes("--resume")
      ? words("--steps 2")
      : [...small(given), ...QUICK, ...words("--steps 1 --samples 1 --overwrite")],
  compare: (given) => [
    ...small(given),
    ...(given.includes("--train") ? [] : words("--train de.txt,en.txt")),
    ...QUICK,
    ...words("--steps 1 --overwrite"),
    ...(given.includes("--lr-sweep") ? words("--sweep-factors 1") : []),
  ],
  generate: () => words("--max-new-tokens 3"),
  chat: () => words("--max-new-tokens 3"),
  evaluate: () => words("--answers 1"),
  init: (given) => (given.includes("--overwrite") ? [] : ["--overwrite"]),
};

/** @param sized - whether a model that is made for the data is wanted, where none is named */
export function shortened(
  [command = "", ...given]: readonly string[],
  { sized }: { readonly sized: boolean },
): readonly string[] {
  const kept = given.filter(
    (word, i) => !LENGTHS.test(word) && !LENGTHS.test(given[i - 1] ?? "") && word !== "--overwrite",
  );
  const more = SHORTER[command]?.(sized ? [...kept, "--model"] : kept) ?? [];
  return [command, ...kept, ...more];
}

/** A small model where the command names none. */
const small = (given: readonly string[]): readonly string[] =>
  given.some((word) => /^--(model|from)/.test(word) || word.endsWith(".yaml")) ? [] : NANO;

function words(line: string): readonly string[] {
  return line.split(" ");
}
