"""Every component of tokenizer.json, by Hugging Face's tokenizers, on 400 hard texts.

    python make_components.py > components.json

Each case is a tokenizer.json around one of a few models. Of its ids for the texts there is one hash for every hundred of them, and the
ids of one short text; of what its decoder makes of those ids likewise. With --whole every list is
written, to look for what differs.

Made with tokenizers 0.23.3.
"""

import json
import random
import sys
import unicodedata

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

WHOLE = "--whole" in sys.argv

FRAGMENTS = [
    # words and endings
    "the", "The", "THE", "theatre", "cat", "concatenate", "cats", "don't", "they'LL", "I'm", "it's", "we've", "o'clock", "a", "I", "x",
    "Brücken", "naïve", "Größe", "straße", "ΟΔΟΣ", "Σ", "ΑΣ.", "İstanbul", "ılık", "ﬁsh", "ſ", "'ſ", "K", "Ǆ",
    # spaces
    " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\r", "\u00a0", "\u0085", "\u2028", "\u3000", "\u200b", "\ufeff", "\u1680", "\u202f", "\u180e",
    "\x0b", "\x0c", "\x1c",
    # digits
    "1", "12", "2016", "1234567890", "3.14", "1,000", "½", "10²", "٣٤", "四五", "Ⅷ", "①", "𝟘𝟙", "१२",
    # punctuation
    ".", ",", "!", "?", "...", "…", "?!", "--", "—", "'", "''", '"', "«»", "(", ")", "[x]", "{", "}", "/", "\\", "#", "$", "€5", "%", "&",
    "*", "+", "<", "=", ">", "^", "_", "__a__", "`", "|", "~", "¿", "¡", "、", "。", "⸺", "⹃", "\u166d", "$1", "$&", "\\n",
    # combining marks and forms
    "e\u0301", "é", "o\u0302\u0323", "\u1e9b\u0323", "a\u0308\u0304", "\u0301", "q\u0307\u0323", "Å", "Ａｂ", "ｶﾞ", "㋿", "㍿", "½½", "ﷺ", "ﬃ",
    "\u0f71\u0f72", "x\u20dd", "n\u0303", "\u1cf2", "\u0489",
    # emoji
    "👍", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "1️⃣", "☃",
    # scripts
    "日本語", "の本", "中文字", "𠀀𠀁", "\U0002b830", "한국어", "\u1100\u1161\u11a8", "สวัสดี", "ภาษาไทย", "नमस्ते", "क्षि", "שלום", "שָׁלוֹם", "العربية", "مَرْحَبًا",
    "русский", "Ёлка", "Ελλάδα", "ქართული", "አማርኛ", "தமிழ்", "ᚠᚢ", "𐍈", "𝒜𝓑", "Ꭰ",
    # control and other characters
    "\x00", "\x01", "\x7f", "\x9f", "\u200d", "\u200e", "\u202e", "\u00ad", "\ufffd", "\ue000", "\U000e0041", "\u2060", "\u061c",
    # what has a meaning to tokenizers
    "▁", "▁▁", "▁the", "##s", "</w>", "Ġ", "<0x41>", "<unk>", "[UNK]", "<s>", "</s>", " <s> ", "<s>x", "x</s>", "[MASK]", " [MASK] ", "[mask]",
    "<mask>", "  <mask>  ", "<mask><mask>", "CAFÉ", "café", "cafe\u0301", " cafés", "New York", "New  York", "new york",
]


def texts():
    rng = random.Random(20)
    made = ["", " ", "a", "look at it", "concatenate the cat"]
    made += FRAGMENTS
    while len(made) < 400:
        count = rng.randrange(2, 9)
        glue = rng.choice(["", "", " ", " "])
        made.append(glue.join(rng.choice(FRAGMENTS) for _ in range(count)))
    return made[:400]


TEXTS = texts()
TRAINING = [
    "the theatre and the cat, the cats and the other weather; they don't see it's there",
    "über Brücken, über Flüsse und über grüne Hügel, naïve café Größe straße",
    "1234567890 2016 1,000 of 10 or 20% ... -- ?! look at it at noon the theatre",
    "日本語 русский Ελλάδα 한국어 שלום",
] * 4


def trained(model, trainer, split, normalizer=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = split
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(TRAINING, trainer)
    return json.loads(tokenizer.to_str())["model"]


def bpe_of_bytes():
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=340, initial_alphabet=alphabet, show_progress=False)
    return trained(models.BPE(), trainer, pre_tokenizers.ByteLevel(add_prefix_space=False))


BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]
bytes_model = bpe_of_bytes()
marks = trained(
    models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
    trainers.BpeTrainer(vocab_size=390, special_tokens=["<unk>"] + BYTE_TOKENS, show_progress=False),
    pre_tokenizers.Metaspace(),
)
for run in ["▁▁", "▁▁▁▁"]:
    half = run[: len(run) // 2]
    marks["vocab"].setdefault(run, len(marks["vocab"]))
    marks["merges"].append([half, half])
letters = trained(
    models.BPE(unk_token="<unk>"),
    trainers.BpeTrainer(vocab_size=150, special_tokens=["<unk>"], show_progress=False),
    pre_tokenizers.WhitespaceSplit(),
)
suffixed = trained(
    models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
    trainers.BpeTrainer(vocab_size=160, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False),
    pre_tokenizers.Whitespace(),
)
prefixed = trained(
    models.BPE(unk_token="<unk>", continuing_subword_prefix="##"),
    trainers.BpeTrainer(vocab_size=170, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False),
    pre_tokenizers.Whitespace(),
)
word_pieces = trained(
    models.WordPiece(unk_token="[UNK]"),
    trainers.WordPieceTrainer(vocab_size=170, special_tokens=["[UNK]"], show_progress=False),
    pre_tokenizers.Whitespace(),
)
unigram = trained(
    models.Unigram(),
    trainers.UnigramTrainer(vocab_size=130, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False),
    pre_tokenizers.Metaspace(),
)
unigram["vocab"] = [[piece, round(score, 4)] for piece, score in unigram["vocab"]]
words = {"type": "WordLevel", "vocab": {w: i for i, w in enumerate(["<unk>", "the", "cat", "▁the", "a", "look", "at"])}, "unk_token": "<unk>"}
MODELS = {
    "bytes": bytes_model,
    "marks": marks,
    "letters": letters,
    "suffixed": suffixed,
    "prefixed": prefixed,
    "pieces": word_pieces,
    "unigram": unigram,
    "words": words,
}


def changed(model, **fields):
    return {"of": model, **fields}


def sequence(key, *steps):
    return {"type": "Sequence", key: list(steps)}


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BYTES_ALONE = {**BYTES, "use_regex": False}
SPACES = {"type": "WhitespaceSplit"}
META = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
BERT = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def regex(source):
    return {"Regex": source}


def text(source):
    return {"String": source}


def token(content, id, **flags):
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": id, "content": content, **plain, **flags}


def charsmap():
    import base64

    import sentencepiece
    from sentencepiece import SentencePieceNormalizer
    from sentencepiece.sentencepiece_model_pb2 import NormalizerSpec

    off = {step: False for step in ["add_dummy_prefix", "escape_whitespaces", "remove_extra_whitespaces"]}
    whole = SentencePieceNormalizer(rule_name="nmt_nfkc", **off)
    units = {char for each in FRAGMENTS for char in each if char != "\x00"}
    units |= {a + b for each in FRAGMENTS for a, b in zip(each, each[1:]) if unicodedata.combining(b)}
    rules = {unit: whole.normalize(unit) for unit in sorted(units)}
    rules["\u200d"] = " "
    rules["\r\n"] = "\n"
    some = SentencePieceNormalizer(norm_map=[rule for rule in rules.items() if rule[0] != rule[1]], **off)
    return base64.b64encode(NormalizerSpec.FromString(some.serialized_normalizer_spec()).precompiled_charsmap).decode()


def cases():
    """Name, model, and the fields that are not null."""
    yield "no parts", "letters", {}

    # Normalizers, seen through a vocabulary of bytes.
    def normalizer(name, part, model="bytes"):
        return f"normalizer {name}", model, {"normalizer": part, "pre_tokenizer": BYTES}

    for kind in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]:
        yield normalizer(kind, {"type": kind})
    for name, fields in {
        "as it comes": {},
        "cased": {"lowercase": False},
        "cased, accents stripped": {"lowercase": False, "strip_accents": True},
        "accents kept": {"strip_accents": False},
        "not cleaned": {"clean_text": False},
        "no Chinese": {"handle_chinese_chars": False},
    }.items():
        yield normalizer(f"BertNormalizer, {name}", {**BERT, **fields})
    for left in [False, True]:
        for right in [False, True]:
            yield normalizer(f"Strip {left} {right}", {"type": "Strip", "strip_left": left, "strip_right": right})
    yield normalizer("Prepend", {"type": "Prepend", "prepend": "▁"})
    for name, pattern, content in [
        ("a text", text("a"), "$&$1"),
        ("dots", text("."), ""),
        ("an expression", regex(r"\s+"), " "),
        ("letters twice", regex(r"(\p{L})\1"), "<$1>"),
        ("a class", regex(r"[^\w\s]|_"), "\\1"),
    ]:
        yield normalizer(f"Replace {name}", {"type": "Replace", "pattern": pattern, "content": content})
    yield normalizer("Precompiled", {"type": "Precompiled", "precompiled_charsmap": CHARSMAP})
    yield normalizer("Sequence", sequence("normalizers", {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}))
    yield "normalizer ByteLevel", "bytes", {"normalizer": {"type": "ByteLevel"}}

    # Pre-tokenizers, which a model of words that joins nothing shows, and bytes.
    def pre(name, *parts, model="bytes"):
        last = [BYTES_ALONE] if model == "bytes" else []
        steps = [*parts, *last]
        return f"pre-tokenizer {name}", model, {"pre_tokenizer": steps[0] if len(steps) == 1 else sequence("pretokenizers", *steps)}

    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            yield pre(f"Split space {behavior} {invert}", split(text(" "), behavior, invert))
            yield pre(f"Split signs {behavior} {invert}", split(regex(r"[^\w\s]"), behavior, invert))
        yield pre(f"Split runs {behavior}", split(regex(r"\s+|e"), behavior))
        yield pre(f"Punctuation {behavior}", {"type": "Punctuation", "behavior": behavior})
    for name, source in {
        "Llama 3": LLAMA3,
        "possessive": CL100K,
        "o200k": O200K,
        "atomic": r"(?>a|ab)c|(?>\p{L}+)'|\p{L}+",
        "anchors": r"^\w|\b\d|\w$|\Bt",
        "hex": r"\h{2}|\x{65e5}|\x41|\u00df",
        "classes": r"[[:alpha:]&&[^aeiou]]+|[[:punct:]]|[\p{Han}ａ-ｚ]",
        "look-around": r"(?<=\s)\w+(?=\s)|(?<!\w)\W(?!\w)",
        "scripts": r"\p{Han}+|\p{Hiragana}+|\p{Cyrillic}+|\p{Greek}|\p{Hangul}+",
        "dot": r".{1,3}",
        "nothing": r"t*|^|\b",
        "possessive groups": r"(?:\p{L}\p{M}*+)++|(?:\p{N}{1,2})?+\.",
    }.items():
        yield pre(f"Split by {name}", split(regex(source), "Isolated"))
        yield pre(f"Split by {name}, inverted", split(regex(source), "Removed", True))
    yield pre("Digits", {"type": "Digits", "individual_digits": False})
    yield pre("Digits one by one", {"type": "Digits", "individual_digits": True})
    yield pre("BertPreTokenizer", {"type": "BertPreTokenizer"})
    yield pre("BertPreTokenizer of pieces", {"type": "BertPreTokenizer"}, model="pieces")
    yield pre("Whitespace", {"type": "Whitespace"})
    yield pre("WhitespaceSplit", SPACES)
    yield pre("CharDelimiterSplit", {"type": "CharDelimiterSplit", "delimiter": "t"})
    yield pre("FixedLength", {"type": "FixedLength", "length": 3})
    yield pre("ByteLevel", BYTES, model="words")
    for space in [False, True]:
        for use in [False, True]:
            yield (
                f"pre-tokenizer ByteLevel {space} {use}",
                "bytes",
                {"pre_tokenizer": {**BYTES, "add_prefix_space": space, "use_regex": use}},
            )
    for scheme in ["always", "first", "never"]:
        for cuts in [False, True]:
            meta = {**META, "prepend_scheme": scheme, "split": cuts}
            for model in ["marks", "unigram"]:
                yield pre(f"Metaspace {scheme} {cuts} of {model}", meta, model=model)
            yield pre(f"WhitespaceSplit, Metaspace {scheme} {cuts}", SPACES, meta, model="unigram")
            yield pre(f"Punctuation, Metaspace {scheme} {cuts}", {"type": "Punctuation", "behavior": "Isolated"}, meta, model="unigram")
    yield pre("Metaspace with another mark", {**META, "replacement": "_"}, model="letters")
    yield pre("Whitespace, Digits, Punctuation", {"type": "Whitespace"}, {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"}, model="letters")

    # Models.
    for name in ["letters", "suffixed", "prefixed", "pieces", "words"]:
        yield f"model of {name}", name, {"pre_tokenizer": {"type": "Whitespace"}}
    for name, model in {
        "fused": changed("letters", fuse_unk=True),
        "without unknown": changed("letters", unk_token=None),
        "whole words": changed("letters", ignore_merges=True),
        "bytes missing": changed("letters", byte_fallback=True),
        "fused, of bytes": changed("marks", byte_fallback=False),
        "not fused, of bytes": changed("marks", byte_fallback=False, fuse_unk=False),
        "suffix of another": changed("letters", end_of_word_suffix="e"),
        "short words": changed("pieces", max_input_chars_per_word=3),
        "another prefix": changed("pieces", continuing_subword_prefix=""),
        "unigram": changed("unigram"),
        "unigram in bytes": changed("marks-unigram"),
    }.items():
        yield f"model {name}", model, {"pre_tokenizer": SPACES}
    yield "model of long words", "marks", {"pre_tokenizer": None}
    yield "model of long letters", "letters", {"normalizer": {"type": "Lowercase"}}

    # Added tokens.
    last = len(bytes_model["vocab"])
    for flag in ["single_word", "lstrip", "rstrip", "normalized"]:
        for content in ["cat", "<mask>", "CAFÉ"]:
            for norm in [None, sequence("normalizers", {"type": "NFC"}, {"type": "Lowercase"})]:
                yield (
                    f"added {content} {flag}{' lowered' if norm else ''}",
                    "bytes",
                    {"added_tokens": [token(content, last, **{flag: True})], "normalizer": norm, "pre_tokenizer": BYTES},
                )
    everything = {"single_word": True, "lstrip": True, "rstrip": True}
    yield (
        "added tokens together",
        "bytes",
        {
            "added_tokens": [
                token("<s>", last),
                token("<s>x", last + 1),
                token("</s>", last + 2, **everything),
                token("the", bytes_model["vocab"]["the"], normalized=True, special=False),
                token("oak", last + 3, normalized=True, special=False),
                token("theatre", last + 4, normalized=True, special=False, single_word=True),
                token("New York", last + 5, normalized=True, special=False, rstrip=True),
                token(" [MASK] ", last + 6, lstrip=True, rstrip=True),
                token("1", bytes_model["vocab"]["1"], special=False),
            ],
            "pre_tokenizer": {**BYTES, "add_prefix_space": True},
        },
    )
    first = {**META, "prepend_scheme": "first", "split": False}
    marked = len(marks["vocab"])
    mixed = [token("<unk>", 0), token("<s>", marked), token("</s>", marked + 1, normalized=True), token("<mask>", marked + 2, lstrip=True)]
    yield "added tokens of Mistral", "marks", {"added_tokens": mixed, "pre_tokenizer": first}
    prepend = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": text(" "), "content": "▁"})
    yield "added tokens of Llama 2", "marks", {"added_tokens": mixed, "normalizer": prepend}

    # Decoders, of the ids of their texts.
    decoders = {
        "ByteLevel": ("bytes", BYTES, BYTES),
        "WordPiece": ("pieces", {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": True}),
        "WordPiece, not cleaned": ("pieces", {"type": "Whitespace"}, {"type": "WordPiece", "prefix": "##", "cleanup": False}),
        "Metaspace": ("unigram", META, META),
        "Metaspace never": ("unigram", META, {**META, "prepend_scheme": "never"}),
        "BPEDecoder": ("suffixed", {"type": "Whitespace"}, {"type": "BPEDecoder", "suffix": "</w>"}),
        "CTC": ("letters", SPACES, {"type": "CTC", "pad_token": "e", "word_delimiter_token": "t", "cleanup": True}),
        "CTC, not cleaned": ("letters", SPACES, {"type": "CTC", "pad_token": "<unk>", "word_delimiter_token": "t", "cleanup": False}),
        "Llama": (
            "marks",
            META,
            sequence(
                "decoders",
                {"type": "Replace", "pattern": text("▁"), "content": " $&"},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 2, "stop": 1},
            ),
        ),
        "Strip": ("letters", SPACES, {"type": "Strip", "content": "e", "start": 1, "stop": 0}),
        "Replace": ("letters", SPACES, {"type": "Replace", "pattern": regex("[aeiou]+"), "content": "$1"}),
        "nothing": ("letters", SPACES, None),
    }
    for name, (model, pre_tokenizer, decoder) in decoders.items():
        yield f"decoder {name}", model, {"pre_tokenizer": pre_tokenizer, "decoder": decoder}


CHARSMAP = charsmap()
MODELS["marks-unigram"] = {
    "type": "Unigram",
    "unk_id": 0,
    "vocab": [*unigram["vocab"], *[[piece, -12.5] for piece in BYTE_TOKENS]],
    "byte_fallback": True,
}


def model_of(model):
    if isinstance(model, str):
        return MODELS[model]
    return {**MODELS[model["of"]], **{key: value for key, value in model.items() if key != "of"}}


def hashed(lists):
    """FNV-1a over the numbers of lists, each followed by its length."""
    value = 0x811C9DC5
    for numbers in lists:
        for number in [*numbers, len(numbers)]:
            value = ((value ^ number) * 0x01000193) & 0xFFFFFFFF
    return value


def groups(lists):
    if WHOLE:
        return lists
    return [hashed(lists[i : i + 100]) for i in range(0, len(lists), 100)]


def outcome(run, text):
    """Ids and the text of these; None where the library gives up on itself, as it does on some texts that are empty or grow."""
    try:
        ids = run.encode(text, add_special_tokens=False).ids
        return ids, run.decode(ids)
    except BaseException as error:
        if "Panic" not in type(error).__name__:
            raise
        return None


made = []
for name, model, fields in cases():
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        **fields,
    }
    run = Tokenizer.from_str(json.dumps({**tokenizer, "model": model_of(model)}))
    found = [outcome(run, each) for each in TEXTS]
    ids = [each[0] if each else [] for each in found]
    case = {"name": name, "model": model, "fields": fields, "ids": groups(ids)}
    fails = [i for i, each in enumerate(found) if each is None]
    if fails:
        case["fails"] = fails
    case["full"] = [[i, ids[i]] for i, each in enumerate(ids) if 1 < len(each) < 9][7:8]
    if name.startswith("decoder"):
        case["texts"] = groups([[ord(char) for char in each[1]] if each else [] for each in found])
    made.append(case)

golden = {"versions": {"tokenizers": tokenizers.__version__}, "texts": TEXTS, "models": MODELS, "cases": made}
text_of = json.dumps(golden, ensure_ascii=False, separators=(",", ":"))
print(text_of)
print(len(made), "cases", len(text_of.encode()), "bytes", file=sys.stderr)
