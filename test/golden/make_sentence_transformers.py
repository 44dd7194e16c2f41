"""Vectors by sentence-transformers for a tiny BERT, as the files beside it say.

    python make_sentence_transformers.py > sentence_transformers.json

The weights are multiples of 2^-8. The tokenizer is that of letters: a word of a to j is read letter by letter.

Made with torch 2.15.0, transformers 5.24.0, tokenizers 0.23.3, sentence-transformers 6.2.0.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijAB", *[f"##{c}" for c in "abcdefghijAB"]]
CONFIG = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 24,
}
TEXTS = ["a", "abc", "bad cab", "Ab", "abcdefghij", "a b c d e f g h i j a b", "abcdefghijabcdefghijabcdefghij abc", ""]

MEAN = {"embedding_dimension": 8, "pooling_mode": "mean", "include_prompt": True}
TRANSFORMER = {"max_seq_length": 16, "do_lower_case": False}


def legacy(**modes):
    names = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    return {"word_embedding_dimension": 8, **{f"pooling_mode_{name}": name in modes for name in names}}


CASES = {
    "mean": {},
    "no length in its own file": {"transformer": {}},
    "a short length": {"transformer": {"max_seq_length": 5, "do_lower_case": False}},
    "cls": {"pooling": {**MEAN, "pooling_mode": "cls"}},
    "max": {"pooling": {**MEAN, "pooling_mode": "max"}},
    "mean_sqrt_len_tokens": {"pooling": {**MEAN, "pooling_mode": "mean_sqrt_len_tokens"}},
    "weightedmean": {"pooling": {**MEAN, "pooling_mode": "weightedmean"}},
    "lasttoken": {"pooling": {**MEAN, "pooling_mode": "lasttoken"}},
    "several": {"pooling": {**MEAN, "pooling_mode": ["max", "cls", "mean"]}, "normalize": True},
    "cls, in old words": {"pooling": legacy(cls_token=True)},
    "all, in old words": {"pooling": legacy(**{n: True for n in ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]})},
    "normalized": {"normalize": True},
    "lower case": {"transformer": {"max_seq_length": 16, "do_lower_case": True}},
    "prompts": {"settings": {"prompts": {"query": "ab: ", "document": ""}, "default_prompt_name": None, "similarity_fn_name": "cosine"}, "prompt": "query"},
    "a default prompt": {"settings": {"prompts": {"query": "ab: ", "document": "cd"}, "default_prompt_name": "query", "similarity_fn_name": "dot"}},
    "another than the default": {"settings": {"prompts": {"query": "ab: ", "document": "cd"}, "default_prompt_name": "query", "similarity_fn_name": "euclidean"}, "prompt": "document"},
    "manhattan": {"settings": {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "manhattan"}},
}


def base(folder):
    tokenizer = Tokenizer(models.WordPiece({token: id for id, token in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    roles = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=14, **roles).save_pretrained(folder)
    model = BertModel(BertConfig(**CONFIG))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            center = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            p.copy_(torch.tensor(np.round(256 * (center + 0.4 * rng.normal(size=tuple(p.shape)))) / 256))
    model.save_pretrained(folder)
    return {name: (256 * p).round().int().flatten().tolist() for name, p in model.named_parameters()}


def files_of(case):
    modules = [("", "sentence_transformers.models.Transformer"), ("1_Pooling", "sentence_transformers.models.Pooling")]
    if case.get("normalize"):
        modules.append(("2_Normalize", "sentence_transformers.models.Normalize"))
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(modules)]
    files = {
        "modules.json": listed,
        "sentence_bert_config.json": case.get("transformer", TRANSFORMER),
        "1_Pooling/config.json": case.get("pooling", MEAN),
    }
    if "settings" in case:
        files["config_sentence_transformers.json"] = {"__version__": {}, **case["settings"]}
    return files


def rounded(rows):
    return [[float(f"{number:.8g}") for number in row] for row in rows]


made = []
with tempfile.TemporaryDirectory() as root:
    folder = Path(root)
    weights = base(folder)
    texts = {name: json.loads((folder / name).read_text()) for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]}
    for name, case in CASES.items():
        (folder / "config_sentence_transformers.json").unlink(missing_ok=True)
        for path, content in files_of(case).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(json.dumps(content))
        (folder / "2_Normalize").mkdir(exist_ok=True)
        model = SentenceTransformer(str(folder), device="cpu")
        prompt = case.get("prompt")
        vectors = model.encode(TEXTS, prompt_name=prompt, batch_size=3)
        row = {"name": name, "files": files_of(case), "prompt": prompt, "vectors": rounded(vectors.tolist())}
        row["similarity"] = float(f"{model.similarity(vectors[1:2], vectors[2:3]).item():.7g}")
        made.append(row)

golden = {
    "versions": {"sentence_transformers": sentence_transformers.__version__, "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]},
    "files": texts,
    "weights": weights,
    "texts": TEXTS,
    "cases": made,
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
