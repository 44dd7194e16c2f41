"""Ids by Hugging Face's tokenizers for small tokenizers of the forms that models have, and what
their post-processors put around one text and around two.

    python make_tokenizers.py > tokenizers.json

Made with tokenizers 0.23.3.
"""

import json
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

TRAINING = [
    "The theatre's other then-famous thinker thought: the weather there, the leather, they'd wither.",
    "Er läuft und läuft; sie läuft über Brücken, über Flüsse und über grüne Hügel.",
    "don't can't won't I'll we'll you're they're I've we've I'm he'd they don't they can't",
    "in 2016 and 2017, in 2018 and 2017, 1,000 of 1,000,000 or 20% of 20",
    "def main():\n    return the\n\ndef other():\n    return then\n\n    the",
    "the  two   spaces    of  the   text    and  the   other",
    "οδος οδοσ σ ς",
]

TEXTS = [
    "",
    " ",
    "a",
    "   ",
    "\n",
    "Hello, the World!",
    "  two  spaces\tand a tab\r\n\r\n\n  end  ",
    "They don't THEY'LL 'n' 's ''s it's",
    "in 2016: 1,234,567.89 or ½ of 10² €",
    "def other():\n\n    return  the\n",
    "e\u0301 \u00e9 \u1e9b\u0323 \uac00 \u1100\u1161",
    "a\u00a0b \u0085 c\u2028d \u3000e",
    ".\ufeff \ufeffa\u200b",
    "\u039f\u0394\u039f\u03a3 \u03a3 \u0391\u03a3. \u0130I",
    "日本語 русский 👍🏽",
    "▁ ▁▁a ▁b",
    "a<s>b <s> c</s>",
    "<s> a",
    "<s></s>  </s>the</s> ",
    "[MASK] the [MASK]the",
    "the\nthe\n\nthe \n the",
]

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
bytes_alone = {**byte_level, "use_regex": False}
split = {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}
digits = {"type": "Digits", "individual_digits": True}
metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
prepend = {"type": "Prepend", "prepend": "▁"}
previous = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
bert = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}


def sequence(key, *steps):
    return {"type": "Sequence", key: list(steps)}


def trained(model, trainer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(TRAINING, trainer)
    return json.loads(tokenizer.to_str())["model"]


MODELS = {
    "bytes": trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=400,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<s>", "</s>", "[MASK]"],
            show_progress=False,
        ),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ),
    "marks": trained(
        models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<unk>", "<s>", "</s>", "[MASK]"]
            + [f"<0x{byte:02X}>" for byte in range(256)],
            show_progress=False,
        ),
        pre_tokenizers.Metaspace(),
    ),
    "pieces": trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(
            vocab_size=250, special_tokens=["[UNK]", "<s>", "</s>", "[MASK]"], show_progress=False
        ),
        pre_tokenizers.BertPreTokenizer(),
    ),
}
# Runs of spaces, which no piece of a Metaspace has, as Llama's vocabulary has them.
for run in ["▁▁", "▁▁▁▁"]:
    half = run[: len(run) // 2]
    MODELS["marks"]["vocab"].setdefault(run, len(MODELS["marks"]["vocab"]))
    MODELS["marks"]["merges"].append([half, half])

FORMS = [
    ("GPT-2", "bytes", None, byte_level, False),
    ("Llama 3", "bytes", None, sequence("pretokenizers", split, bytes_alone), False),
    ("Qwen2", "bytes", {"type": "NFC"}, sequence("pretokenizers", split, bytes_alone), False),
    ("SmolLM", "bytes", None, sequence("pretokenizers", digits, byte_level), False),
    ("BERT", "pieces", bert, {"type": "BertPreTokenizer"}, False),
    ("Llama 2", "marks", sequence("normalizers", prepend, replace), None, False),
    ("Llama 2, normalized", "marks", sequence("normalizers", prepend, replace), None, True),
    ("Mistral", "marks", None, metaspace, False),
    ("always marked", "marks", None, {**metaspace, "prepend_scheme": "always"}, False),
    ("Gemma", "marks", replace, previous, False),
]

PROCESSORS = {
    "nothing": None,
    "ByteLevel": byte_level,
    "BERT": {"type": "BertProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]},
    "RoBERTa": {
        "type": "RobertaProcessing",
        "sep": ["</s>", 1],
        "cls": ["<s>", 0],
        "trim_offsets": True,
        "add_prefix_space": False,
    },
    "a template": {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "</s>", "type_id": 0}},
        ],
        "pair": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 1}},
            {"SpecialToken": {"id": "</s>", "type_id": 2}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        # A special token may stand for several ids.
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [0, 2], "tokens": ["<s>", "[MASK]"]},
            "</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]},
        },
    },
}
PROCESSORS["a sequence"] = sequence("processors", byte_level, PROCESSORS["a template"])


def added(vocab, normalized):
    tokens = [AddedToken(t, normalized=normalized, special=True) for t in ["<s>", "</s>", "[MASK]"]]
    fields = ["single_word", "lstrip", "rstrip", "normalized", "special"]
    return [
        {"id": vocab[t.content], "content": t.content, **{f: getattr(t, f) for f in fields}}
        for t in tokens
    ]


def description(model, normalizer, pre_tokenizer, normalized, processor=None):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added(MODELS[model]["vocab"], normalized),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": processor,
        "decoder": None,
    }


def load(model, tokenizer):
    return Tokenizer.from_str(json.dumps({**tokenizer, "model": MODELS[model]}))


forms = []
for name, model, *steps in FORMS:
    tokenizer = description(model, *steps)
    run = load(model, tokenizer)
    ids = [run.encode(text, add_special_tokens=False).ids for text in TEXTS]
    forms.append({"name": name, "model": model, "tokenizer": tokenizer, "ids": ids})

processors = []
for name, processor in PROCESSORS.items():
    run = load("bytes", description("bytes", None, byte_level, False, processor))
    one, two = run.encode("the other"), run.encode("the other", "text")
    processors.append(
        {
            "name": name,
            "processor": processor,
            "single": {"ids": one.ids, "types": one.type_ids},
            "pair": {"ids": two.ids, "types": two.type_ids},
        }
    )

def words(text):
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    return [text[start:end] for _, (start, end) in pieces]


golden = {
    "versions": {"tokenizers": tokenizers.__version__},
    "models": MODELS,
    "texts": TEXTS,
    "words": [words(text) for text in TEXTS],
    "forms": forms,
    "processors": processors,
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
