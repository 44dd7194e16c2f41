/** Rows with a chosen and a rejected answer: where the prompt stands, and what is none. */

import { describe, expect, it } from "vitest";
import { examplesOf, type Preference } from "../../../src/data/index.ts";
import { COLUMNS, nodeFiles } from "../../support/files.ts";

const read = (...input: readonly Readonly<Record<string, unknown>>[]) =>
  examplesOf({ input, name: "data", files: nodeFiles, columns: COLUMNS }).preferences();

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const [ask, hello] = [user("Hm?"), [user("Hello?"), assistant("Hello.")]];
const [yes, no] = [assistant("Yes."), assistant("No.")];

const answers = { chosen: [yes], rejected: [no], variables: {} };

it.each<{ what: string; row: Readonly<Record<string, unknown>>; example: Preference }>([
  {
    what: "texts",
    row: { prompt: "a", chosen: "b", rejected: "c", weight: 2 },
    example: { prompt: "a", chosen: "b", rejected: "c", weight: 2 },
  },
  {
    what: "messages beside a prompt of messages",
    row: { prompt: [ask], chosen: [yes], rejected: [no] },
    example: { prompt: [ask], ...answers },
  },
  {
    what: "messages beside a prompt that is a text",
    row: { prompt: "Hm?", chosen: [yes], rejected: [no] },
    example: { prompt: [ask], ...answers },
  },
  {
    what: "a beginning that both share",
    row: { chosen: [...hello, ask, yes], rejected: [...hello, ask, no] },
    example: { prompt: [...hello, ask], ...answers },
  },
  {
    what: "a shared beginning that ends in the prompt",
    row: { prompt: "Hm?", chosen: [...hello, ask, yes], rejected: [...hello, ask, no] },
    example: { prompt: [...hello, ask], ...answers },
  },
  {
    what: "a prompt before a shared beginning",
    row: { prompt: hello, chosen: [ask, yes], rejected: [ask, no] },
    example: { prompt: [...hello, ask], ...answers },
  },
  {
    what: "answers of several messages, of which the last may be alike",
    row: { prompt: "Hm?", chosen: [yes, user("So?"), yes], rejected: [no, user("So?"), yes] },
    example: {
      prompt: [ask],
      chosen: [yes, user("So?"), yes],
      rejected: [no, user("So?"), yes],
      variables: {},
    },
  },
  {
    what: "equal answers, of which the last message is left",
    row: { chosen: [ask, yes], rejected: [ask, yes] },
    example: { prompt: [ask], chosen: [yes], rejected: [yes], variables: {} },
  },
  {
    what: "messages in other words, with variables",
    row: {
      chosen: [{ from: "human", value: "Hm?" }, yes],
      rejected: [ask, no],
      tools: "[]",
    },
    example: { prompt: [ask], ...answers, variables: { tools: [] } },
  },
])("reads $what", async ({ row, example }) => {
  expect(await read(row)).toEqual([example]);
});

it("are no pairs, which says how they are learned from", async () => {
  const input = [{ prompt: "a", chosen: "b", rejected: "c" }];
  const examples = examplesOf({ input, name: "data", files: nodeFiles, columns: COLUMNS });
  await expect(examples.pairs()).rejects.toMatchObject({
    message: "data: chosen and rejected answers are no pairs; got them in data",
    hint: 'they are learned from with task: "preference"',
  });
});

describe("refuses", () => {
  it.each<readonly [Readonly<Record<string, unknown>>, string]>([
    [{ chosen: "b", rejected: "c" }, 'answers that are texts need "prompt" beside them'],
    [{ prompt: "a", chosen: "b" }, 'no column "rejected"'],
    [{ prompt: "a", chosen: "b", rejected: 3 }, '"rejected" must be a string; got number'],
    [{ prompt: "a", chosen: [yes], rejected: "c" }, '"rejected" must be a list of messages'],
    [{ chosen: [yes], rejected: [no] }, 'needs "prompt", or messages that both answers begin with'],
    [{ prompt: "a", chosen: [yes], rejected: [] }, '"rejected" must have a message of the assist'],
    [{ prompt: "a", chosen: [yes], rejected: [3] }, 'message 1 of "rejected" must have "role"'],
  ])("%j", async (row, message) => {
    await expect(read(row)).rejects.toThrow(message);
  });
});
