"""Templates as transformers runs them, in Jinja2's sandbox: all operators, filters, tests and methods on random values, and statements.

    python make_jinja.py [count [seed]] > jinja.json

An expected text of null says that Jinja2 refuses the template. Made with transformers 5.24.0, jinja2 3.1.6.
"""

import copy
import json
import random
import sys

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

VARIABLES = {
    "messages": [
        {"role": "system", "content": "Be brief. "},
        {"role": "user", "content": "  Größe\n日本 👍🏽 ", "name": "Ada"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "content": "[1, 2]"},
        {"role": "assistant", "content": "<think>\nyes\n</think>\n\nIt's \"2\""},
    ],
    "tools": [{"name": "b", "items": [1, 2.5, None, True], "n": 2}, {"name": "A", "items": [], "n": 10}],
    "empty": [],
    "words": ["b", "A", "c", "a"],
    "numbers": [3, -1, 2.5, 0],
    "mixed": {"b": 1, "A": [True, None], "key": "it's", "items": 5},
    "nested": {"a": {"b": [{"c": 1}, {"c": 2}]}},
    "text": "\n  Hello, World! \t",
    "quote": "it's \"so\" \\ \u00e9\u200b<&>",
    "xml": "<answer>xy</answer>",
    "none_value": None,
    "yes": True,
    "no": False,
    "seven": 7,
    "minus": -7,
    "half": 0.5,
    "small": 1.5e-7,
}

NAMES = [name for name in VARIABLES if name != "messages"]
ATOMS = NAMES + [
    "undefined_name", "messages[1].content", "messages[4].content", "messages[2]", "messages[0]['role']", "messages[-1]",
    "messages[2].content", "tools[0]", "tools[0].items", "tools[0]['items']", "mixed.b", "mixed.items", "mixed['items']",
    "mixed.missing", "nested.a.b", "'abc'", "'a b  c'", "''", "'7'", "' 42 '", "'3.5'", "'x'", "'ß'", "'\\n'", "0", "1",
    "2.0", "1.25", "[]", "[1, 2, 3]", "['x', 'y']", "(1, 'a')", "(1,)", "{}", "{'k': [1, none]}", "{'b': 2, 'a': 1}",
    "true", "none", "range(3) | list", "'日本👍🏽'", "'Title case words-here'", "[[1, 2], [3]]", "'a,b,,c'",
]
FILTERS = [
    "abs", "capitalize", "center(9)", "count", "d('z')", "default('z')", "default('z', true)", "default(none)", "dictsort",
    "dictsort(false, 'value')", "dictsort(reverse=true)", "first", "float", "float(1.5)", "indent", "indent(2, true)",
    "indent('> ', blank=true)", "int", "int(5)", "items", "items | list", "join", "join(', ')", "join('-', attribute='name')",
    "last", "length", "list", "lower", "map('upper') | list", "map(attribute='name') | list",
    "map(attribute='zzz', default='?') | list", "map('default', 'q') | list", "max", "min", "reject('none') | list",
    "rejectattr('n', 'gt', 5) | list", "replace('a', 'b')", "replace('', '-', 2)", "replace('\\n', ' ')", "reverse",
    "reverse | list", "round", "round(1)", "round(method='floor')", "safe", "select('string') | list", "select | list",
    "selectattr('n', 'equalto', 2) | list", "selectattr('name') | list", "selectattr('zzz', 'undefined') | list",
    "selectattr('name', 'in', ['b', 'c']) | list", "sort", "sort(reverse=true)", "sort(attribute='n')",
    "sort(case_sensitive=true)", "string", "sum", "sum(attribute='n')", "title", "tojson", "tojson(indent=2)",
    "tojson(indent=4, ensure_ascii=true)", "tojson(separators=(',', ':'))", "tojson(sort_keys=true)", "trim", "trim('<>')",
    "truncate(8)", "truncate(8, true, '…')", "unique | list", "upper", "wordcount", "batch(2) | list", "batch(2, 'f') | list",
    "groupby('name')", "map('length') | list", "map('string') | join('|')", "e0",
]
TESTS = [
    "boolean", "callable", "defined", "divisibleby(3)", "divisibleby 2", "eq(7)", "equalto 'x'", "even", "false", "float",
    "ge(1)", "gt 1", "in [1, 7]", "in 'abcx'", "integer", "iterable", "le(2)", "lower", "lt(2)", "mapping", "ne none", "none",
    "number", "odd", "sameas true", "sameas(none)", "sequence", "string", "true", "undefined", "upper", "not none",
    "not string", "not defined", "== 7", "zz",
]
METHODS = [
    "capitalize()", "casefold()", "count('a')", "endswith('>')", "endswith(('x', '!', '\\t'))", "find('o')", "find('zz')",
    "index('a')", "isalnum()", "isalpha()", "isdecimal()", "isdigit()", "islower()", "isnumeric()", "isspace()", "isupper()",
    "join(['p', 'q'])", "join(words)", "ljust(6, '.')", "lower()", "lstrip()", "lstrip('\\n ')", "lstrip('<an')",
    "partition('l')", "removeprefix('<answer>')", "removesuffix('</answer>')", "replace('l', 'L')", "replace('l', 'L', 1)",
    "replace('', '.')", "rfind('l')", "rjust(6)", "rpartition('l')", "rsplit(' ', 1)", "rsplit(',')", "rstrip()",
    "rstrip('!\\t ')", "rstrip('</answer>')", "split()", "split(',')", "split('</think>')", "split(' ', 1)", "split(none, 1)",
    "split('>')[-1]", "splitlines()", "startswith('<')", "startswith(('\\n', 'a'))", "strip()", "strip('</answer>')",
    "strip('\\n')", "swapcase()", "title()", "upper()", "zfill(6)", "get('b')", "get('zz')", "get('zz', 'd')", "items()",
    "items() | list", "keys() | list", "values() | list", "copy()", "index(2)", "count(1)", "append(1)", "update({})", "zz()",
    "isascii()", "istitle0",
]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
SUBSCRIPTS = ["[0]", "[-1]", "[5]", "['a']", "[1:]", "[:2]", "[::-1]", "[1:-1]", "[-2:]", "[::2]", "[none:2]", "[3:1:-1]", ".a", ".b", "[0].name"]


def expression(rng, depth=0):
    kind = rng.random()
    if depth > 2 or kind < 0.15:
        return rng.choice(ATOMS)
    inner = expression(rng, depth + 1)
    if kind < 0.4:
        return f"{parenthesised(inner)} | {rng.choice(FILTERS)}"
    if kind < 0.55:
        return f"{parenthesised(inner)}.{rng.choice(METHODS)}"
    if kind < 0.68:
        return f"{parenthesised(inner)} is {rng.choice(TESTS)}"
    if kind < 0.78:
        return f"{parenthesised(inner)}{rng.choice(SUBSCRIPTS)}"
    other = expression(rng, depth + 1)
    if kind < 0.82:
        return f"{inner} if {parenthesised(other)} else {rng.choice(ATOMS)}"
    if kind < 0.86:
        return f"not {parenthesised(inner)}"
    if kind < 0.88:
        return f"-{parenthesised(inner)}"
    if kind < 0.91:
        return f"'%s and %r' % ({inner}, {other})"
    a, b = (each if rng.random() < 0.4 else parenthesised(each) for each in (inner, other))
    return f"{a} {rng.choice(BINARY)} {b}"


def parenthesised(text):
    return text if text.replace("_", "").isalnum() else f"({text})"


STATEMENTS = [
    # What a loop sets is gone at its end.
    "{% set x = 1 %}{% for w in words %}{{ x }}{% set x = w %}{{ x }} {% endfor %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for w in words %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}",
    "{% for w in words %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% for w in words if w is lower %}{{ loop.index }}{{ w }}{{ loop.last }}{% else %}none{% endfor %}",
    "{% for w in empty %}x{% else %}none{% endfor %}",
    "{% for k, v in mixed.items() %}{{ k }}{% endfor %}",
    "{% for k, v in mixed | items %}{{ k }}={{ v }};{% endfor %}",
    "{% for c in 'a👍b' %}[{{ c }}]{% endfor %}",
    "{% for k in mixed %}{{ k }},{% endfor %}",
    "{% for w in words %}{% if w == 'A' %}{% continue %}{% endif %}{% if w == 'c' %}{% break %}{% endif %}{{ w }}{% endfor %}",
    "{% for w in words %}{{ loop.cycle('x', 'y') }}{% if loop.changed(w in 'ab') %}!{% endif %}{% endfor %}",
    "{% for a in [[1, 2], [3, 4]] %}{% for b in a %}{{ loop.index }}{{ b }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% macro f(a, b='d', c=none) %}[{{ a }}|{{ b }}|{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, 2, 3) }}{{ f(b=1, a=2) }}{{ f() }}",
    "{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, z=3) }}",
    "{% macro f(a) %}x{% endmacro %}{{ f(1, 2) }}",
    "{% macro f(a) %}x{% endmacro %}{{ f(z=2) }}",
    "{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}in{{ seven }}{% endcall %}",
    "{% macro f(x) %}{{ caller(x) }}{% endmacro %}{% call(y) f(3) %}{{ y * 2 }}{% endcall %}",
    # A macro sees what stands around it, not where it is called.
    "{% macro f() %}{{ w }}{% endmacro %}{% for w in words %}{{ f() }}{% endfor %}.",
    "{% set q = 1 %}{% macro f() %}{{ q }}{% endmacro %}{% set q = 2 %}{{ f() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% set x %}a{{ seven }}b{% endset %}{{ x | upper }}",
    "{% set x | upper | trim %} ab {% endset %}[{{ x }}]",
    "{% filter upper %}abc{{ quote }}{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}",
    "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
    "{% set a = 1, 2 %}{{ a }}",
    "{{ 1, 2 }}",
    "{% if yes and not no %}1{% elif yes %}2{% else %}3{% endif %}",
    "{% if none_value is none %}\n  a\n{% endif %}\nb\n",
    "  {% if yes %}\n    x\n  {%- endif %}\n  y",
    "a\n  {%+ if yes %}b{% endif +%}\nc",
    "a {#- comment -#} b {# other #}\nc",
    "  {# a line #}\nx\n\n",
    "{% raw %}{{ x }}{% endraw %}\n!",
    "{{- ' a ' -}}   b   {{- 'c' }}  \n d",
    "{{ {'a': {'b': 1}} }}{{ {'a': {}}['a'] }}",
    "{{ '\\x41\\u00e9\\t\\'\\d\\\\' }}{{ \"a\" 'b' }}",
    "{{ 1 < 2 < 3 }}{{ 3 > 2 > 2 }}{{ 1 == 1.0 == true }}",
    "{{ 2 ** 3 ** 2 }}{{ -2 ** 2 }}{{ 7 // 2 * 2 }}{{ 7 % -3 }}{{ -7 // 2 }}{{ 1 ~ 2 + 3 }}",
    "{{ not yes == no }}{{ 'a' in 'abc' and 'z' not in words }}",
    "{{ -seven | abs }}{{ (-seven) | abs }}{{ seven is odd and yes }}",
    "{{ 'x' if no }}|{{ 'x' if yes else 'y' if no else 'z' }}",
    "{{ raise_exception('no way') }}",
    "{{ messages | length }}{{ messages[1:] | length }}{{ messages[::-1][0].role }}",
    "{% for m in messages[1:] %}{{ loop.index0 }}{{ m.role }}{{ loop.nextitem.role if not loop.last }};{% endfor %}",
    "{% for m in messages | selectattr('role', 'equalto', 'assistant') %}{{ m.content }}{% endfor %}",
    "{% if messages | selectattr('role', 'equalto', 'zz') %}true{% endif %}",
    "{% if messages | selectattr('role', 'equalto', 'zz') | list %}true{% endif %}",
    "{{ messages[2].tool_calls[0].function.arguments | tojson }}{{ 'tool_calls' in messages[2] }}{{ messages[1].tool_calls is defined }}",
    "{{ namespace(a=1).a }}{{ dict(a=1, b=2) }}{{ dict({'z': 1}).z }}{{ range(5, 1, -2) | list }}",
    "{% do words.append(1) %}",
    "{% unknown %}",
    "{{ words | unknown }}",
    "{{ f(*words) }}",
    "{% macro f(a, b, c, d) %}{{ d }}{{ a }}{% endmacro %}{{ f(*words) }}{{ f(**{'a': 1, 'd': 4}) }}",
    "{{ undefined_name.a }}",
    "{{ undefined_name }}{{ undefined_name | length }}{% for x in undefined_name %}x{% endfor %}",
    "{{ undefined_name == other_undefined }}{{ undefined_name in words }}{{ 'a' in undefined_name }}",
    "{{ 'a' + 1 }}",
    "{{ none_value + 'a' }}",
    "{{ [1, 2] == [1, 2] }}{{ {'a': 1} == {'a': 1} }}{{ '1' == 1 }}{{ 1 == true }}{{ [] == () }}{{ none == false }}",
]

count = int(sys.argv[1]) if len(sys.argv) > 1 else 700
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
FILTERS = [each for each in FILTERS if each != "e0"]
METHODS = [each for each in METHODS if each != "istitle0"]


def singles():
    """Everything once on values that it is for, or nearly."""
    for part in FILTERS:
        yield f"{rng.choice(ATOMS)} | {part}"
        yield f"{rng.choice(NAMES)} | {part}"
        yield f"({rng.choice(['words', 'numbers', 'text', 'mixed', 'tools', 'quote', 'xml'])}) | {part}"
    for part in TESTS:
        yield f"{rng.choice(ATOMS)} is {part}"
        yield f"{rng.choice(NAMES)} is {part}"
    for part in METHODS:
        yield f"{rng.choice(['text', 'xml', 'quote', 'mixed', 'words'])}.{part}"
        yield f"({rng.choice(ATOMS)}).{part}"


def run(template):
    try:
        return _compile_jinja_template(template).render(**copy.deepcopy(VARIABLES))
    except (jinja2.TemplateError, TypeError, ValueError, ZeroDivisionError, OverflowError, AttributeError, KeyError, IndexError):
        return None


def cases():
    for template in STATEMENTS:
        yield template
    for inner in singles():
        yield "{{ " + inner + " }}"
    while True:
        yield "{{ " + expression(rng) + " }}"


found = {}
for template in cases():
    if len(found) >= count:
        break
    text = run(template)
    # What Python says of its own objects is of no use to a template.
    if template in found or (text is not None and (" at 0x" in text or len(text) > 400)):
        continue
    found[template] = text

golden = {
    "versions": {"transformers": transformers.__version__, "jinja2": jinja2.__version__},
    "variables": VARIABLES,
    "cases": list(found.items()),
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
