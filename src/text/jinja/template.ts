/**
 * @file Chat templates as transformers runs them: Jinja2 with {% generation %}, {% break %} and {% continue %}.
 *
 * The beginnings of a conversation are rendered together with it. Up to where a template has looked at the message after a beginning, it
 * does the same for the beginning and for the whole; so that from there on only the rest is run for the beginning, and then undone.
 */

import { FUNCTIONS } from "./values/functions.ts";
import { parseTemplate } from "./syntax/parser.ts";
import { emptyOutput, type Output, restOf, textOf } from "./output.ts";
import { type Run, runner } from "./run.ts";
import { type Machine, messageList, PROMPT_VARIABLE, rootScope } from "./scope.ts";
import { fromJson, type Value } from "./values/value.ts";

/** What a template is given. */
export interface Variables {
  readonly messages: readonly unknown[];
  readonly [name: string]: unknown;
}

/** A beginning of a conversation as text: so much of the text of the whole, and what follows it. */
export interface Beginning {
  readonly shared: number;
  readonly rest: string;
}

/** Texts of the first messages of a conversation. */
export interface Beginnings {
  readonly text: string;
  /** That of the first `count` messages. @throws {UsageError} if they are refused. */
  get(count: number, addGenerationPrompt: boolean): Beginning;
  /** How many are known, so that they need not be rendered by themselves. */
  readonly known: number;
}

export interface Template {
  /** Whether it says what the assistant says. */
  readonly marksTurns: boolean;
  /** @throws {UsageError} if it refuses what it is given. */
  render(variables: Variables): string;
  /**
   * The text of a conversation, and those of some of its beginnings.
   *
   * @param wanted - whether the first `count` messages are of interest, without and with a generation prompt
   */
  renderBeginnings(
    variables: Variables,
    wanted: (count: number, addGenerationPrompt: boolean) => boolean,
  ): Beginnings;
}

/** @throws {UsageError} if it is no template. */
export function createTemplate(source: string): Template {
  const block = parseTemplate(source);
  const body = runner(block);
  return {
    marksTurns: JSON.stringify(block).includes('"type":"generation"'),
    render: (variables) => textOf(run(body, valuesOf(variables))),

    renderBeginnings(variables, wanted) {
      const found = new Map<string, Beginning>();
      const keyOf = (count: number, prompt: boolean) => `${count} ${prompt}`;
      const values = valuesOf(variables);
      const whole = run(body, values, (index, rest, machine, out) => {
        const count = index + 1;
        if (machine.reach > index) return;
        for (const prompt of [false, true]) {
          if ((prompt && machine.promptRead) || !wanted(count, prompt)) continue;
          const beginning = runRest(rest, machine, out, { limit: count, prompt });
          if (beginning) found.set(keyOf(count, prompt), beginning);
        }
      });
      const text = textOf(whole);
      return {
        text,
        known: found.size,
        get(count, prompt) {
          const beginning = found.get(keyOf(count, prompt));
          if (beginning) return beginning;
          const out = run(body, { ...values, limit: count, prompt, known: text });
          return { shared: out.shared, rest: restOf(out) };
        },
      };
    },
  };
}

type AtMessage = (index: number, rest: () => void, machine: Machine, out: Output) => void;

/** What a template is given, as values, and how much of the messages is there. */
interface Values extends Pick<Machine, "limit" | "prompt"> {
  readonly messages: readonly Value[];
  readonly others: readonly (readonly [name: string, value: Value])[];
  /** What the text may begin like. */
  readonly known?: string;
}

function valuesOf({ messages, ...others }: Variables): Values {
  return {
    limit: Infinity,
    prompt: others[PROMPT_VARIABLE] === true,
    messages: messages.map(fromJson),
    others: Object.entries(others).map(([name, value]) => [name, fromJson(value)] as const),
  };
}

function run(body: Run, given: Values, atMessage?: AtMessage): Output {
  const { limit, prompt, messages, others, known } = given;
  const out = emptyOutput(known);
  const machine: Machine = {
    limit,
    reach: -1,
    prompt,
    promptRead: false,
    journal: undefined,
    atMessage:
      atMessage &&
      ((index, rest) => {
        if (!machine.journal) atMessage(index, rest, machine, out);
      }),
  };
  const values = new Map<string, Value>([
    ...others,
    ...FUNCTIONS,
    ["messages", messageList(machine, messages)],
  ]);
  const scope = rootScope(machine, values);
  body({ machine, scope, out, after: atMessage && (() => {}) });
  return out;
}

/** What a template writes for a beginning from here on; everything is as before then. */
function runRest(
  rest: () => void,
  machine: Machine,
  out: Output,
  { limit, prompt }: Pick<Machine, "limit" | "prompt">,
): Beginning | undefined {
  const written = { ...out };
  const before = { ...machine };
  const journal: (() => void)[] = [];
  Object.assign(machine, { limit, prompt, journal });
  Object.assign(out, emptyOutput());
  try {
    rest();
    return { shared: written.length, rest: textOf(out) };
  } catch {
    // It is refused where it is rendered by itself.
    return undefined;
  } finally {
    for (const undo of journal.toReversed()) undo();
    Object.assign(machine, before);
    Object.assign(out, written);
  }
}
