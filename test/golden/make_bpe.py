"""Merges that Hugging Face's trainer learns, and ids by its tokenizer from the files of ours.

    python make_bpe.py MULTI30K DIR > bpe.json

MULTI30K holds the data set. DIR holds the files of `trainBpe(lines of train.de and train.en, 1000)`.
Made with tokenizers 0.23.3.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TEXTS = [
    "The theatre's other then-famous thinker thought: the weather there, the leather, they'd wither.",
    "Er läuft und läuft; sie läuft über Brücken, über Flüsse und über grüne Hügel.",
    "don't can't won't I'll we'll you're they're I've we've I'm he'd 's 'x ''s",
    "2016 2017 2018 2018 2017 1,000 1,000,000 ½ ½ ⅔ 10²",
    "  two  spaces\tand\t\ta tab\r\n\r\n\n  end  ",
    "aaaaa aaaa aaa aa a AAAA abababab ababab",
    "日本語 日本 日本語の本 русский русская 👍👍 👍🏽 e\u0301e\u0301",
    "",
]

multi30k, files = map(Path, sys.argv[1:])
byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)


def lines(name):
    return (multi30k / name).read_bytes().decode().split("\n")


def merges(texts, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,  # less the end of text
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def split(text):
    return [text[start:end] for _, (start, end) in byte_level.pre_tokenize_str(text)]


tokenizer = Tokenizer.from_file(str(files / "tokenizer.json"))
held_out = [line for name in ["val.de", "val.en"] for line in lines(name)[:1000:40]]
encoded = [
    {"text": text, "ids": tokenizer.encode(text).ids}
    for text in [*held_out, *TEXTS, "one<|endoftext|> two<|endoftext|>"]
]
golden = {
    "texts": TEXTS,
    "words": [split(text) for text in TEXTS],
    "merges": merges(TEXTS, 2000),
    "multi30k": {
        "merges": merges([*lines("train.de"), *lines("train.en")], 1000),
        "encoded": encoded,
    },
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
