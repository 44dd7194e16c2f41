/** Templates compared with Jinja2 as transformers sets it up: golden/make_jinja.py. */

import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { createTemplate, type Variables } from "../../../src/text/jinja/template.ts";

const golden: {
  readonly variables: Variables;
  readonly cases: readonly (readonly [template: string, text: string | null])[];
} = JSON.parse(await readFile(new URL("../../golden/jinja.json", import.meta.url), "utf8"));

/** The text; null if the template is refused. */
function render(template: string): string | null {
  try {
    return createTemplate(template).render(golden.variables);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

describe("a template", () => {
  const rendered = golden.cases.map(([template, text]) => ({
    template,
    text,
    found: render(template),
  }));

  it("writes what Jinja2 writes, or is refused", () => {
    const wrong = rendered.filter(({ text, found }) => found !== null && found !== text);
    // What is let through although Python refuses it writes nothing that anybody has seen.
    expect(wrong.filter(({ text }) => text !== null)).toEqual([]);
    expect(wrong.length / rendered.length).toBeLessThan(0.01);
  });

  it("is seldom refused where Jinja2 has an answer", () => {
    const answered = rendered.filter(({ text }) => text !== null);
    const refused = answered.filter(({ found }) => found === null);
    expect(answered.length).toBeGreaterThan(450);
    expect(refused.length / answered.length).toBeLessThan(0.02);
  });

  it.each([
    ["{% if %}", "line 1: unexpected end"],
    ["{% for %}", "line 1: unexpected end"],
    ["a\n{{ 1 + }}", "line 2: unexpected end"],
    ["{% if yes %}", "ends before elif or else or endif"],
    ["{% include 'x' %}", 'no tag of this name; got "include"'],
    ["{{ words | urlize }}", "No filter named 'urlize'"],
    ["{{ words is filter }}", "No test named 'filter'"],
    ["{{ words.append(1) }}", "'append' of 'list' object is unsafe"],
    ["{{ zz() }}", "'zz' is undefined"],
    ["{{ strftime_now('%Q') }}", "strftime_now does not know %Q"],
  ])("says what is wrong with %j", (template, message) => {
    expect(() => createTemplate(template).render(golden.variables)).toThrow(message);
  });
});

describe("the beginnings of a conversation", () => {
  const messages = ["system", "user", "assistant", "tool", "assistant", "user", "assistant"].map(
    (role, i) => ({ role, content: `${role} ${i}` }),
  );
  const turn = "<{{ m.role }}>{{ m.content }}";
  const ask = "{% if add_generation_prompt %}<assistant>{% endif %}";

  /** How many of the beginnings that are wanted are found without being rendered by themselves. */
  it.each([
    ["a loop", `{% for m in messages %}${turn}{% endfor %}${ask}`, 14],
    [
      "a loop in a branch",
      `{% if true %}{% for m in messages %}${turn}{% endfor %}${ask}{% endif %}.`,
      14,
    ],
    [
      "a loop over the rest",
      `{% set rest = messages[1:] %}{% for m in rest %}${turn}{% endfor %}${ask}`,
      12,
    ],
    [
      "what is last",
      `{% for m in messages %}${turn}{% if loop.last and add_generation_prompt %}?{% endif %}{% endfor %}`,
      14,
    ],
    [
      "the next one",
      `{% for m in messages %}${turn}{{ (loop.nextitem or {}).role }}{% endfor %}${ask}`,
      14,
    ],
    [
      "the one after",
      `{% for m in messages %}${turn}{{ (messages[loop.index0 + 1] or {}).role }}{% endfor %}${ask}`,
      14,
    ],
    [
      "some of them",
      `{% for m in messages if m.role != 'tool' %}${turn}{{ loop.last }}{% endfor %}${ask}`,
      12,
    ],
    [
      "a namespace",
      `{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}${turn}{% endfor %}{% set ns.n = ns.n * 2 %}{{ ns.n }}${ask}`,
      14,
    ],
    [
      "a variable",
      `{% set x = 1 %}{% for m in messages %}${turn}{{ x }}{% endfor %}{% set x = 2 %}{{ x }}${ask}`,
      14,
    ],
    [
      "whether it is asked",
      `{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% for m in messages %}${turn}{% endfor %}${ask}`,
      14,
    ],
    ["what is asked before", `${ask}{% for m in messages %}${turn}{% endfor %}${ask}`, 7],
    [
      "how many there are",
      `{{ messages | length }}{% for m in messages %}${turn}{% endfor %}${ask}`,
      0,
    ],
    [
      "the last one",
      `{{ messages[-1].content }}{% for m in messages %}${turn}{% endfor %}${ask}`,
      0,
    ],
    [
      "two loops",
      `{% for m in messages %}${turn}{% endfor %}{% for m in messages %}${turn}{% endfor %}${ask}`,
      14,
    ],
    [
      "a break",
      `{% for m in messages %}${turn}{% if m.role == 'tool' %}{% break %}{% endif %}{% endfor %}${ask}`,
      8,
    ],
    [
      "changes",
      `{% for m in messages %}{% if loop.changed(m.role) %}!{% endif %}${turn}{% endfor %}{{ messages | length }}${ask}`,
      14,
    ],
    [
      "a macro",
      `{% macro say(m) %}${turn}{% endmacro %}{% for m in messages %}{{ say(m) }}{% endfor %}${ask}`,
      14,
    ],
    [
      "a refusal",
      `{% for m in messages %}${turn}{% endfor %}{% if messages | length < 3 %}{{ raise_exception('few') }}{% endif %}${ask}`,
      10,
    ],
  ])("are those of a template with %s", (_, source, count) => {
    const template = createTemplate(source);
    const { text, get, known } = template.renderBeginnings({ messages }, () => true);
    expect(text).toBe(template.render({ messages }));
    for (let length = 1; length <= messages.length; length += 1) {
      const some = messages.slice(0, length);
      for (const prompt of [false, true]) {
        const textOf = (write: () => string) => {
          try {
            return write();
          } catch (error) {
            return error instanceof UsageError ? error.message : error;
          }
        };
        const beginning = textOf(() => {
          const { shared, rest } = get(length, prompt);
          return text.slice(0, shared) + rest;
        });
        expect
          .soft(beginning)
          .toBe(textOf(() => template.render({ messages: some, add_generation_prompt: prompt })));
      }
    }
    expect(known).toBe(count);
  });
});
