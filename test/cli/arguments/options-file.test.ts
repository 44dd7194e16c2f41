import { describe, expect, it } from "vitest";
import { parseOptionsFile } from "../../../src/cli/arguments/options-file.ts";
import { FormatError } from "../../../src/errors.ts";

/** Nine lists, of nine of the list before each: 9^9 items. */
const BOMB = Array.from({ length: 9 }, (_, i) => {
  const item = i === 0 ? "x" : `*a${i - 1}`;
  return `a${i}: &a${i} [${Array.from({ length: 9 }, () => item).join()}]\n`;
}).join("");

describe("parseOptionsFile", () => {
  it("gives aliases what their anchors stand at", () => {
    const text = "rank: &r 3\nsteps: *r\nmodel: &m {a: 1}\nrankPattern: *m\n";
    expect(parseOptionsFile("a.yaml", text).options).toEqual({
      rank: 3,
      steps: 3,
      model: { a: 1 },
      rankPattern: { a: 1 },
    });
  });

  it.each(["constructor", "toString", "__proto__"])("has %s for a name like any other", (name) => {
    const { options } = parseOptionsFile("a.yaml", `${name}: 3\n`);
    expect(Object.entries(options)).toEqual([[name, 3]]);
  });

  it("takes an empty file for no options", () => {
    expect(parseOptionsFile("a.yaml", "").options).toEqual({});
    expect(parseOptionsFile("a.yaml", "# nothing\n").options).toEqual({});
  });

  it.each([
    ["rank: 4\nmodel: [1,\n", 3, /^a\.yaml: line 3: not YAML; /],
    ["a: 1\na: 2\n", 2, /^a\.yaml: line 2: not YAML; Map keys must be unique$/],
    ["a: 'open\n", 2, /^a\.yaml: line 2: not YAML; /],
    ["just text", undefined, /must be YAML of the form "option: value"; got plain text$/],
    ["- a\n- b\n", undefined, /got a list$/],
    ["batch-size: 1\nbatchSize: 2\n", undefined, /batchSize: given twice$/],
    [
      "rank: 1\nmodel:\n  a: 1\n  a: 2\n",
      4,
      /^a\.yaml: line 4: not YAML; Map keys must be unique$/,
    ],
    ["rank: 1\nsteps: *x\n", 2, /^a\.yaml: line 2: \*x: no &anchor of this name stands before it$/],
    ["model: &m\n  a: [*m]\n", 2, /^a\.yaml: line 2: \*m: stands for what it stands in$/],
    [BOMB, undefined, /^a\.yaml: aliases stand for aliases too often$/],
    ["rank: !mine 3\n", 1, /^a\.yaml: line 1: not YAML; Unresolved tag: !mine$/],
    ["rank: 3\n---\nrank: 4\n", 2, /^a\.yaml: line 2: not YAML; more than one document$/],
    [`model: ${"[".repeat(20_000)}${"]".repeat(20_000)}`, 1, /: not YAML; nested too deeply$/],
  ])("refuses %j", (text, offset, message) => {
    const caught = (() => {
      try {
        return parseOptionsFile("a.yaml", text);
      } catch (error) {
        return error;
      }
    })();
    expect(caught).toBeInstanceOf(FormatError);
    expect(caught).toMatchObject({ offset, message: expect.stringMatching(message) });
  });
});
