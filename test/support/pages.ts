/** The pages of docs/ that are made from tables and types. */

import { commandHelp } from "../../src/cli/arguments/help.ts";
import { COMMANDS } from "../../src/cli/main.ts";
import { INPUT_OPTIONS, OPTION_GROUPS } from "../../src/options/option-table.ts";
import { allowedValues, placeholder } from "../../src/options/tables/kinds.ts";
import { asSentence } from "../../src/options/tables/names.ts";
import type { Option, OptionTable } from "../../src/options/tables/option.ts";
import { asFlag } from "../../src/options/tables/spelling.ts";
import { LOG_VERSION } from "../../src/runs/log-line.ts";
import { alignedTable } from "./aligned-table.ts";
import { type DeclaredType, declaredTypes } from "./declared-types.ts";

const written = (from: string): string =>
  `<!-- Written by \`npm run pages\` from ${from}: change that, not this page. -->`;

/** All options of a run, a table for each group. */
export function optionsPage(): string {
  const { data, ...rest } = OPTION_GROUPS;
  const groups = { data: { ...INPUT_OPTIONS, ...data }, ...rest };
  return `# Options

${written("src/options/option-table.ts")}

The options of a run. They are those of \`flora train\`, and every command that takes a run has them: on the command line as they stand here, in a YAML file and in
code without dashes, \`--micro-steps\` as \`microSteps\`. A flag that is on is turned off by \`--no-\` and its name. What has no default is chosen by the method, the data or
the model, and the header of a run shows it. \`flora schema\` prints all of it as a JSON Schema for editors.

${Object.entries(groups)
  .map(([name, table]) => `## ${asSentence(name).replace(/\.$/, "")}\n\n${optionTable(table)}`)
  .join("\n\n")}
`;
}

const optionTable = (table: OptionTable): string =>
  alignedTable([
    ["option", "what it says", "default"],
    ...Object.entries(table).map(([name, option]) => [
      code(titleOf(name, option)),
      asSentence(meaning(option)),
      defaultOf(option),
    ]),
  ]);

const titleOf = (name: string, option: Option): string => {
  const value = option.kind === "table" ? undefined : placeholder(option);
  const flag = option.kind === "table" ? `${asFlag(name)}.PATTERN X` : asFlag(name);
  return value === undefined ? flag : `${flag} ${value}`;
};

/** What it does, and what it may be where that is not everything of its kind. */
function meaning(option: Option): string {
  const help = escape(option.help);
  if (option.choices) return `${help}: ${option.choices.map(code).join(", ")}`;
  const isBounded = [option.above, option.min, option.below, option.max].some(
    (bound) => bound !== undefined,
  );
  return isBounded ? `${help}; ${allowedValues(option)}` : help;
}

function defaultOf({ default: byDefault }: Option): string {
  if (byDefault === undefined) return "";
  const json = JSON.stringify(byDefault);
  return ["{}", "[]", '""'].includes(json) ? "none" : code(json.replaceAll(/^"|"$/g, ""));
}

/** What `--help` of every command says; the options of a run are left to their page. */
export async function commandsPage(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => ({ name, ...(await load()).help })),
  );
  const parts = commands.map(({ name, takesRun = false, ...help }) => [
    `## flora ${name}`,
    "",
    "```",
    ...commandHelp(help, 100).map((line) => line.trimEnd()),
    "```",
    ...(takesRun ? ["", "It takes the [options](options.md) of a run."] : []),
    "",
  ]);
  return `# Commands

${written("the tables of the commands in src/cli/")}

What \`flora COMMAND --help\` says. In a clone \`flora\` is \`npx flora\`. The exit code is 0 if all went well, 2 if something was refused before it began, 130 after Ctrl-C, and 1 otherwise.

${parts.flat().join("\n").trimEnd()}
`;
}

/** The lines of a log, from the types of the events. */
export function logPage(): string {
  const events = declaredTypes("src/runs/events.ts");
  const plan = declaredTypes("src/engine/plan.ts").filter(({ name }) => name === "ParameterPlan");
  const lines = events.filter(({ fields }) => fields.some(isType));
  const parts = [
    ...events.filter((each) => !lines.includes(each) && each.fields.length > 0),
    ...plan,
  ];
  const logged = lines.filter(({ fields }) => fields.find(isType)?.type !== '"micro-step"');
  return `# The log of a run

${written("src/runs/events.ts and src/engine/plan.ts")}

A run with an output directory writes \`log.jsonl\` there: one JSON object a line, in the order in which things happened. Each line begins with \`time\`, when it was written, as
\`2026-01-02T03:04:05.678Z\`; its \`type\` says what it is. A \`start\` has the \`version\` of what follows it, ${LOG_VERSION} now: it grows when a field changes its meaning, and new fields
do not change it. A run that goes on writes another \`start\`; steps that are done again stand twice, and the later ones count. Numbers that JSON does not have are texts, \`"NaN"\`,
\`"Infinity"\`, \`"-Infinity"\`. A last line may be cut off, where the power was lost. Times are milliseconds (\`Ms\`), sizes are bytes.

In code \`readLog\` gives the events of a log and \`followLog\` those of a run that another process is at ([examples/own-consumer.ts](../examples/own-consumer.ts)).

${logged.map((each) => section(each, each.fields.find(isType)?.type.slice(1, -1) ?? "")).join("\n\n")}

# Parts of lines

${parts.map((each) => section(each, each.name)).join("\n\n")}
`;
}

const isType = ({ name, type }: DeclaredType["fields"][number]): boolean =>
  name === "type" && type.startsWith('"');

function section({ about, fields }: DeclaredType, title: string): string {
  const rows = fields
    .filter((field) => !isType(field))
    .map(({ name, isOptional, type, about: what }) => [
      code(isOptional ? `${name}?` : name),
      code(type),
      escape(what),
    ]);
  return `## ${title}\n\n${escape(about)}\n\n${alignedTable([["field", "type", "what it says"], ...rows])}`;
}

const code = (text: string): string => `\`${text.replaceAll("|", String.raw`\|`)}\``;
/** What Markdown would read as its own. */
const escape = (text: string): string => text.replaceAll(/[\\*_|<>[\]]/g, (sign) => `\\${sign}`);
