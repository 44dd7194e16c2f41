"""Writes tables.json: tables as Python's csv module reads them, strictly.

    python make_tables.py

Half of them were written by the module, with every way of quoting and both ends of lines; the others are
random strings of the characters that matter, most of which are no table: their rows are null. A return
without a line feed, which ends a line for Python alone, stands in no cell that is not quoted.

Made with Python 3.11.
"""

import csv
import io
import json
import random
from pathlib import Path

random.seed(7)

CELLS = ["", "a", "b c", '"', '""', 'x"y', '"z"', ",", "\t", ";", "\n", "\r\n", "\n\n", " a ", "ä€👍", "0", "'", "\\"]
QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
PIECES = ['"', '"', '""', "S", "S", "\n", "\r\n", "a", " ", '"b"']


def cell():
    return "".join(random.choices(CELLS, k=random.choice([0, 1, 1, 1, 2, 3])))


def written(separator):
    width = random.randint(2, 4)
    rows = [[cell() for _ in range(width)] for _ in range(random.randint(1, 4))]
    out = io.StringIO(newline="")
    csv.writer(
        out,
        delimiter=separator,
        quoting=random.choice(QUOTING),
        lineterminator=random.choice(["\n", "\r\n"]),
    ).writerows(rows)
    text = out.getvalue()
    return text if random.random() < 0.7 else text.rstrip("\r\n")


def scrambled(separator):
    return "".join(random.choices(PIECES, k=random.randint(1, 12))).replace("S", separator)


def read(text, separator):
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        return None


cases = []
for make in (written, scrambled):
    for i in range(250):
        separator = ",\t;"[i % 3]
        text = make(separator)
        cases.append({"separator": separator, "text": text, "rows": read(text, separator)})

target = Path(__file__).with_name("tables.json")
lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
