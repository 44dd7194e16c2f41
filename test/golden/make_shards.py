"""Shards as huggingface_hub cuts them and as save_pretrained writes them, for shards.test.ts and
save-model.test.ts.

    divisions   sizes in bytes and the largest shard, with the places of the tensors
    order       the names of the tensors of test/golden/peft_base, as save_pretrained takes them
    saved       that model saved in each dtype: SHA-256 of its files of weights, and the index

Made with Python 3, huggingface_hub 2.4.0, PyTorch 2.15.0 and transformers 5.23.0:
    python test/golden/make_shards.py
"""

import hashlib
import json
import pathlib
import random
import tempfile

import huggingface_hub
import torch
import transformers
from huggingface_hub import split_state_dict_into_shards_factory

FOLDER = pathlib.Path(__file__).parent
INDEX = "model.safetensors.index.json"
PATTERN = "model{suffix}.safetensors"


def division(sizes, largest):
    named = {f"t{i}": size for i, size in enumerate(sizes)}
    split = split_state_dict_into_shards_factory(
        named, get_storage_size=int, filename_pattern=PATTERN, max_shard_size=largest
    )
    files = [split.tensor_to_filename[name] for name in named]
    return {"sizes": sizes, "largest": largest, "total": split.metadata["total_size"], "files": files}


def divisions():
    generator = random.Random(0)
    yield [], 5
    yield [5], 5
    yield [6], 5
    yield [0, 0], 5
    yield [3, 2], 5
    yield [3, 3], 5
    yield [1, 6, 1], 5
    yield [6, 1], 5
    yield [6, 6], 5
    yield [6, 6, 2, 6, 2, 2], 10
    for _ in range(20):
        count = generator.randint(1, 12)
        yield [generator.randint(0, 12) for _ in range(count)], generator.randint(1, 20)


def saved(dtype, largest):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        FOLDER / "peft_base", dtype=getattr(torch, dtype)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model.save_pretrained(folder, max_shard_size=largest)
        index = (folder / INDEX).read_text() if (folder / INDEX).exists() else None
        return {
            "dtype": dtype,
            "largest": largest,
            "config": json.loads((folder / "config.json").read_text())["dtype"],
            "index": index,
            "files": {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(folder.glob("*.safetensors"))
            },
        }


# One tensor a file shows the order in which save_pretrained takes them.
weight_map = json.loads(saved("float32", 1)["index"])["weight_map"]
golden = {
    "versions": {
        module.__name__: module.__version__ for module in (huggingface_hub, torch, transformers)
    },
    "divisions": [division(*each) for each in divisions()],
    "order": sorted(weight_map, key=weight_map.get),
    "saved": [
        saved("float32", 50_000_000_000),
        saved("float32", 4_000),
        saved("float16", 4_000),
        saved("bfloat16", 3_000),
        saved("bfloat16", 100),
    ],
}
(FOLDER / "shards.json").write_text(json.dumps(golden) + "\n")
