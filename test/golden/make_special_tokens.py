"""Special tokens and whole inputs, of one text and of two, by transformers.

    python make_special_tokens.py DATA > special_tokens.json

DATA is the folder of shared data. Made with transformers 5.23.0, tokenizers 0.23.3.
"""

import json
import sys
from pathlib import Path

import tokenizers
import transformers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

FOLDERS = [
    "tokenizers/bert",
    "tokenizers/gpt2",
    "tokenizers/llama",
    "tokenizers/t5",
    "checkpoints/tiny_random_BertForSequenceClassification",
    "checkpoints/tiny_random_T5ForConditionalGeneration",
]

TEXTS = [
    ["The quick brown fox jumps over the lazy dog."],
    ["translate English to German: A house, isn't it?"],
    [""],
    ["  Two  spaces\nand a line, Größe 日本 👍🏽  "],
    ["What is it?", "It is 2016: $1.00!"],
    ["Who", "  nobody\n\nat all "],
    ["one", ""],
]


def expected(folder):
    # LlamaTokenizer of transformers 5 does not run the file but builds a tokenizer of its own, which
    # reads leading spaces differently.
    load = PreTrainedTokenizerFast if "llama" in folder else AutoTokenizer
    tokenizer = load.from_pretrained(Path(sys.argv[1]) / folder)
    encoded = []
    for texts in TEXTS:
        # A batch of one: alone, an empty second text would be taken for none.
        whole = tokenizer(*[[text] for text in texts], return_token_type_ids=True)
        [ids], [types] = whole["input_ids"], whole["token_type_ids"]
        encoded.append({"texts": texts, "ids": ids, "types": types})
    return {
        "folder": folder,
        "mask": tokenizer.mask_token_id,
        "endOfText": tokenizer.eos_token_id,
        "special": sorted(tokenizer.all_special_ids),
        "encoded": encoded,
    }


golden = {
    "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
    "tokenizers": [expected(folder) for folder in FOLDERS],
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
