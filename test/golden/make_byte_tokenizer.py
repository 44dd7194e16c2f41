"""Expected ids and texts of the byte tokenizer, as transformers reads its saved files.

    python make_byte_tokenizer.py DIR > byte_tokenizer.json

DIR holds the files of `byteTokenizer()`. Made with transformers 5.23.0, tokenizers 0.23.3.
"""

import json
import sys

from transformers import AutoTokenizer

TEXTS = [
    "",
    "Hello, world!",
    "  two  spaces\tand a tab\r\n\n",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
    "日本語 और русский",
    "👩‍👩‍👧‍👦 and 🇺🇳",
    "e\u0301 \ufeff \ufffd \u2028",
    "one<|endoftext|>two<|endoftext|>",
    "".join(map(chr, range(0x180))),
    "".join(map(chr, range(0x800, 0x11000, 0x1000))).encode("utf-8", "ignore").decode(),
    "".join(map(chr, range(0x10000, 0x110000, 0x10000))),
]

IDS = [
    [0xE2, 0x82],
    [0xE2, 0x82, 0x41],
    [0xE2, 0x82, 256, 0xAC],
    [0xFF, 0xC3, 0xA4, 0xC0, 0x80],
    [0xF0, 0x9F, 0x98, 0xF0, 0x9F, 0x98, 0x80],
    [0xED, 0xA0, 0x80],
    [256],
]

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
golden = {
    "vocabularySize": len(tokenizer),
    "endOfText": tokenizer.eos_token_id,
    "pad": tokenizer.pad_token_id,
    "encoded": [{"text": t, "ids": tokenizer.encode(t, add_special_tokens=False)} for t in TEXTS],
    "decoded": [{"ids": i, "text": tokenizer.decode(i, skip_special_tokens=True)} for i in IDS],
}
json.dump(golden, sys.stdout, separators=(",", ":"))
print()
