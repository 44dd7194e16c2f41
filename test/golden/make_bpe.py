"""Merges that Hugging Face's trainer learns, and ids by its tokenizer from the merges of Multi30k.

    python make_bpe.py MULTI30K > bpe.json

MULTI30K holds the data set. Ids are those of trainBpe: a byte is its own id, merges follow from 256 on,
and the end of text is last. Made with tokenizers 0.23.3.
"""

import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

from sentences import sentences

SENTENCES = sentences(300)
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

multi30k = Path(sys.argv[1])
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


def byte_alphabet():
    """The character that stands for each byte: the printable ones for themselves, then from 256 on."""
    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    others = iter(sorted(char for char in alphabet if ord(char) > 255))
    return [chr(byte) if chr(byte) in alphabet else next(others) for byte in range(256)]


learned = merges([*lines("train.de"), *lines("train.en")], 1000)
tokens = [*byte_alphabet(), *(merge.replace(" ", "") for merge in learned)]
vocab = {token: id for id, token in enumerate(tokens)}
tokenizer = Tokenizer(models.BPE(vocab, [tuple(merge.split(" ")) for merge in learned]))
tokenizer.pre_tokenizer = byte_level
tokenizer.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
held_out = [line for name in ["val.de", "val.en"] for line in lines(name)[:1000:40]]
encoded = [
    {"text": text, "ids": tokenizer.encode(text).ids}
    for text in [*held_out, *TEXTS, "one<|endoftext|> two<|endoftext|>"]
]
golden = {
    "texts": TEXTS,
    "words": [split(text) for text in TEXTS],
    "merges": merges(TEXTS, 2000),
    "sentences": {"texts": SENTENCES, "merges": merges(SENTENCES, 1000)},
    "multi30k": {"merges": learned, "encoded": encoded},
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
