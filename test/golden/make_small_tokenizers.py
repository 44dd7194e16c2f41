"""Small tokenizers of the kinds of GPT-2, Llama, T5 and BERT, with what transformers makes of texts.

    python make_small_tokenizers.py

Writes small_tokenizers/KIND.json. A vocabulary is trained on sentences.py; what stands around it is as
in the tokenizer.json of the model that the kind is named after, and so are the files beside it, but for
two things. T5's table of normalized characters, of which the real one has 300 kB, has those of the texts
and of the sentences alone, and is checked to do the same to them. Llama's special tokens are not
normalized, for tokenizers 0.23 does not leave out such as are when it decodes.

Ids, types and decoded texts are those of PreTrainedTokenizerFast, which runs the file as it is; tokens
with a role are those of the model's own class. The trainers of WordPiece and Unigram do not learn quite
the same vocabulary every time, but each file has the ids of its own.

Made with transformers 5.23.0, tokenizers 0.23.3, sentencepiece 0.2.3.
"""

import base64
import json
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
import tokenizers
import transformers
from sentencepiece import SentencePieceNormalizer
from sentencepiece.sentencepiece_model_pb2 import NormalizerSpec
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from sentences import sentences

SENTENCES = sentences(3000)
LATIN = [text for text in SENTENCES if max(map(ord, text)) < 0x250]

PASSAGE = """\
  The baker's daughter remembered, in 2016, that 1,234 letters (and $5.67) had been left behind the bridge:
"Wasn't it the quietest of houses?" -- she'd asked; they'll have answered… Zwölf Gärtnerinnen überquerten
die schönsten Straßen, während der Bäcker Müller größere Brücken öffnete.\tToutefois, l'élève naïf préférait
la région du Nord-Ouest.

def remember(self, letters):
    return [self.letters[i] for i in letters if i % 2 == 0]

Γρήγορη αλεπού, быстрая лиса, 日本語の本 and 👩‍👩‍👧‍👦 are unknown to some; <s> </s> [SEP] <|endoftext|> are special.
"""

TEXTS = [
    "",
    " ",
    "   ",
    "\n",
    "a",
    "one two",
    "hello world",
    "Hello World",
    "The quick brown fox jumps over the lazy dog.",
    "You should've done this",
    "They don't say 'no' , do they?  I'M here... THEY'LL 'n' 's ''s",
    "A\n'll !!to?'d''d of, can't.",
    "translate English to German: A house, isn't it?",
    "unthoughtfulness cheerfulnesses rewatering Brückenöffner",
    "def main():\n\tpass",
    "def other():\n\n    return  the\n",
    "This\n\nis\na\ntest.",
    "let a = obj.toString();\ntoString();",
    "Hi  Hello",
    "trailing space   ",
    "   leading space",
    "  two  spaces\tand a tab\r\n\r\n\n  end  ",
    "生活的真谛是",
    "日本語 русский Ελλάδα 👍🏽 👩‍👩‍👧‍👦",
    "The company was founded in 2016: 1,234,567.89 or ½ of 10².",
    "test $1 R2 #3 €4 £5 ¥6 ₣7 ₹8 ₱9 test",
    "I bought an apple for $1.00 at the store.",
    "you…  ",
    "you…\xa0\xa0you…\xa0\xa0",
    "a\xa0b\u2028c \u3000d\u200be",
    "e\u0301 \u00e9 \uac00 ﬁ Ａ ① Größe naïve",
    "▁ ▁▁a ▁b",
    "a<s>b <s> c</s> <pad> <unk>the",
    "[CLS] the [MASK]the[SEP] [mask] [UNK]",
    "the<|endoftext|> the <|endoftext|>",
    "<extra_id_0> the<extra_id_3>, <extra_id_7>",
    PASSAGE,
]
# Left out when the files were made: a package was in use then that did otherwise. make_components.py has all of it.
OTHERWISE = {
    "a \x85 b": ["t5"],
    "\u1e9b\u0323 \u1100\u1161 o\u0302\u0323": ["t5"],
    "\ufeffa\ufeff b": ["llama"],
}

PAIRS = [
    ["What is it?", "It is 2016: $1.00!"],
    ["Who", "  nobody\n\nat all "],
    ["one", ""],
    ["", "two"],
    ["<s> a", "[SEP] b</s>"],
]


def texts_for(kind):
    return [*TEXTS, *(text for text, kinds in OTHERWISE.items() if kind not in kinds)]


def added(content, id, normalized):
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    return {"id": id, "content": content, **flags, "normalized": normalized, "special": True}


def trained(model, trainer, texts, pre_tokenizer, normalizer=None):
    """The model of tokenizer.json."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(texts, trainer)
    return json.loads(tokenizer.to_str())["model"]


def bpe(vocab, merges, **fields):
    return {"type": "BPE", "dropout": None, **fields, "vocab": vocab, "merges": [" ".join(m) for m in merges]}


def description(tokens, model, normalizer=None, pre_tokenizer=None, post_processor=None, decoder=None):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": tokens,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": decoder,
        "model": model,
    }


def sequence(key, *steps):
    return {"type": "Sequence", key: list(steps)}


def template(single, second, **ids):
    """Of tokens, and of A and B for texts; those of `second` follow the first text and have type 1."""

    def piece(name, type):
        return {"Sequence" if name in "AB" else "SpecialToken": {"id": name, "type_id": type}}

    first = [piece(name, 0) for name in single]
    return {
        "type": "TemplateProcessing",
        "single": first,
        "pair": first + [piece(*each) for each in second],
        "special_tokens": {t: {"id": t, "ids": [id], "tokens": [t]} for t, id in ids.items()},
    }


def gpt2():
    end = "<|endoftext|>"
    trainer = trainers.BpeTrainer(
        vocab_size=900, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model = trained(models.BPE(), trainer, SENTENCES, split)
    last = len(model["vocab"])
    fields = {"unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False}
    return {
        "tokenizer.json": description(
            [added(end, last, True)],
            bpe({**model["vocab"], end: last}, model["merges"], **fields),
            pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
            post_processor={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False},
            decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        )
    }


def llama():
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=special + [f"<0x{byte:02X}>" for byte in range(256)],
        show_progress=False,
    )
    kind = {"fuse_unk": True, "byte_fallback": True}
    model = trained(models.BPE(unk_token="<unk>", **kind), trainer, LATIN, pre_tokenizers.Metaspace())
    # Runs of spaces, which no piece of a Metaspace has.
    vocab, merges = model["vocab"], model["merges"]
    for half in ["▁", "▁▁"]:
        vocab[half * 2] = len(vocab)
        merges.append([half, half])
    fields = {"unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, **kind}
    space = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}

    def token(content):
        flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
        return {"__type": "AddedToken", "content": content, **flags}

    return {
        "tokenizer.json": description(
            [added(content, id, False) for id, content in enumerate(special)],
            bpe(vocab, merges, **fields),
            normalizer=sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, space),
            post_processor=template(["<s>", "A"], [("<s>", 1), ("B", 1)], **{"<s>": 1}),
            decoder=sequence("decoders", back, {"type": "ByteFallback"}, {"type": "Fuse"}, strip),
        ),
        "tokenizer_config.json": {
            "add_bos_token": True,
            "add_eos_token": False,
            "bos_token": token("<s>"),
            "clean_up_tokenization_spaces": False,
            "eos_token": token("</s>"),
            "model_max_length": 2048,
            "pad_token": None,
            "sp_model_kwargs": {},
            "tokenizer_class": "LlamaTokenizer",
            "unk_token": token("<unk>"),
        },
    }


def t5():
    extra = [f"<extra_id_{i}>" for i in range(10)]
    charsmap = t5_charsmap()
    metaspace = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=700, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    model = trained(models.Unigram(), trainer, LATIN, split, normalizers.Precompiled(charsmap))
    vocab = [[piece, round(score, 5)] for piece, score in model["vocab"]]
    vocab += [[token, 0.0] for token in reversed(extra)]
    tokens = [token for token, _ in vocab]
    roles = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return {
        "tokenizer.json": description(
            [added(token, tokens.index(token), False) for token in [*special, *reversed(extra)]],
            {"type": "Unigram", "unk_id": 2, "vocab": vocab},
            normalizer={"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
            pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace),
            post_processor=template(["A", "</s>"], [("B", 0), ("</s>", 0)], **{"</s>": 1}),
            decoder=metaspace,
        ),
        "tokenizer_config.json": {
            "additional_special_tokens": extra,
            **roles,
            "extra_ids": len(extra),
            "model_max_length": 512,
            "tokenizer_class": "T5Tokenizer",
        },
        "special_tokens_map.json": {"additional_special_tokens": extra, **roles},
    }


def t5_charsmap():
    def normalizer(**rules):
        steps = ["add_dummy_prefix", "escape_whitespaces", "remove_extra_whitespaces"]
        return SentencePieceNormalizer(**rules, **{step: False for step in steps})

    whole = normalizer(rule_name="nmt_nfkc")
    texts = [*SENTENCES, *texts_for("t5"), *(text for pair in PAIRS for text in pair)]
    units = {char for text in texts for char in text}
    # A letter and its marks are one unit.
    units |= {a + b for text in texts for a, b in zip(text, text[1:]) if unicodedata.combining(b)}
    changed = {unit: whole.normalize(unit) for unit in sorted(units)}
    changed["\u200d"] = " "  # in T5's table, and no longer in that of sentencepiece
    some = normalizer(norm_map=[rule for rule in changed.items() if rule[0] != rule[1]])
    assert all(
        some.normalize(text) == whole.normalize(text).replace("\u200d", " ") for text in texts
    )
    return NormalizerSpec.FromString(some.serialized_normalizer_spec()).precompiled_charsmap


def bert():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    roles = dict(zip(["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"], special))
    clean = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    trainer = trainers.WordPieceTrainer(vocab_size=900, special_tokens=special, show_progress=False)
    model = trained(
        models.WordPiece(unk_token="[UNK]"),
        trainer,
        SENTENCES,
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(**clean),
    )
    tokens = [added(content, id, False) for id, content in enumerate(special)]
    return {
        "tokenizer.json": description(
            tokens,
            {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": dict(sorted(model["vocab"].items(), key=lambda entry: entry[1])),
            },
            normalizer={"type": "BertNormalizer", **clean},
            pre_tokenizer={"type": "BertPreTokenizer"},
            post_processor=template(
                ["[CLS]", "A", "[SEP]"], [("B", 1), ("[SEP]", 1)], **{"[CLS]": 2, "[SEP]": 3}
            ),
            decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        ),
        "tokenizer_config.json": {
            "added_tokens_decoder": {
                str(token["id"]): {key: token[key] for key in sorted(token) if key != "id"}
                for token in tokens
            },
            "clean_up_tokenization_spaces": True,
            **roles,
            "do_basic_tokenize": True,
            "do_lower_case": True,
            "model_max_length": 512,
            "never_split": None,
            "strip_accents": None,
            "tokenize_chinese_chars": True,
            "tokenizer_class": "BertTokenizer",
        },
        "special_tokens_map.json": roles,
    }


KINDS = {
    "gpt2": (gpt2, transformers.GPT2Tokenizer),
    "llama": (llama, transformers.LlamaTokenizer),
    "t5": (t5, transformers.T5Tokenizer),
    "bert": (bert, transformers.BertTokenizer),
}


def unknown(backend):
    """What the model writes for pieces that it does not know."""
    model = json.loads(backend.to_str())["model"]
    token = model.get("unk_token")
    return model.get("unk_id") if token is None else backend.token_to_id(token)


def before(run):
    """The ids that stand before a text."""
    inner, ids = run("a", add_special_tokens=False)["input_ids"], run("a")["input_ids"]
    place = next(i for i in range(len(ids)) if ids[i : i + len(inner)] == inner)
    return ids[:place]


def golden(kind):
    make, model_class = KINDS[kind]
    files = make()
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_text(json.dumps(content))
        run = PreTrainedTokenizerFast.from_pretrained(folder)
        roles = model_class.from_pretrained(folder)

    def encoded(*texts):
        # A batch of one: alone, an empty second text would be taken for none.
        whole = run(*[[text] for text in texts], return_token_type_ids=True)
        [ids], [types] = whole["input_ids"], whole["token_type_ids"]
        return {"texts": texts, "ids": ids, "types": types}

    def single(text):
        inner = run(text, add_special_tokens=False)["input_ids"]
        whole = encoded(text)
        decoded = run.decode(whole["ids"], skip_special_tokens=True)
        return {"text": text, "inner": inner, "ids": whole["ids"], "types": whole["types"], "decoded": decoded}

    return {
        "versions": {
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "sentencepiece": sentencepiece.__version__,
        },
        "files": files,
        "vocabularySize": len(run),
        "before": before(run),
        "endOfText": roles.eos_token_id,
        "pad": roles.pad_token_id,
        "mask": roles.mask_token_id,
        "unknown": unknown(run.backend_tokenizer),
        "special": sorted(id for id, token in run.added_tokens_decoder.items() if token.special),
        "texts": [single(text) for text in texts_for(kind)],
        "pairs": [encoded(*pair) for pair in PAIRS],
    }


for kind in KINDS:
    path = Path(__file__).parent / "small_tokenizers" / f"{kind}.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(golden(kind), ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"{text}\n")
