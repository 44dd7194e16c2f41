"""Writes peft_tokens.json and the directories in peft_tokens, by peft: adapters with rows of new tokens.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft_tokens.py

    CASE/base       a tiny Llama, float32
    CASE/adapter    what peft's save_pretrained writes, without its README.md

    tied      a vocabulary of 20 that resize_token_embeddings made one of 22, the new tokens as a list: peft adds both whole tables
    untied    the last two of 20 tokens, those of the head by its name; no table is added
    lean      as tied, without the tables (save_embedding_layers=False), the tokens by module

Logits are those of float32. Before peft opens an adapter of a larger vocabulary the embedding of the base has to be resized; the rows
that transformers draws for it are replaced. All weights are multiples of 2^-8.
"""

import json
import os
import platform
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).parent.resolve()
FOLDER = "peft_tokens"
CASES = {
    "tied": {"tied": True, "vocabulary": 22, "tokens": [20, 21]},
    "untied": {"tied": False, "vocabulary": 20, "tokens": {"embed_tokens": [18, 19], "lm_head": [18, 19]}},
    "lean": {"tied": True, "vocabulary": 22, "tokens": {"embed_tokens": [20, 21]}},
}
TARGETS = ["q_proj", "down_proj"]
IDS = [[1, 18, 5, 19, 7, 2], [3, 19, 18, 4, 19, 9]]


def base_model(tied):
    config = transformers.LlamaConfig(
        vocab_size=20,
        hidden_size=8,
        intermediate_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        tie_word_embeddings=tied,
    )
    return transformers.LlamaForCausalLM(config)


def rounded(parameter, rng, scale):
    with torch.no_grad():
        parameter.copy_(torch.tensor(np.round(256 * scale * rng.normal(size=parameter.shape)) / 256))


def opened(directory, vocabulary):
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    if model.config.vocab_size != vocabulary:
        model.resize_token_embeddings(vocabulary)
    return model.eval()


def lean(directory):
    """The rows alone, and once."""
    path = f"{directory}/adapter_model.safetensors"
    tensors = load_file(path)
    left = {k: v for k, v in tensors.items() if "base_layer" not in k and "lm_head" not in k}
    save_file(left, path, metadata={"format": "pt"})


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft_tokens: set PYTHONHASHSEED=0, see make_peft.py")
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    # peft notes the path of the base as it was opened.
    os.chdir(GOLDEN)
    shutil.rmtree(FOLDER, ignore_errors=True)
    rng = np.random.default_rng(0)
    cases = {}
    for name, case in CASES.items():
        base, adapter = f"{FOLDER}/{name}/base", f"{FOLDER}/{name}/adapter"
        model = base_model(case["tied"])
        for each in model.parameters():
            rounded(each, rng, 0.4)
        model.save_pretrained(base)
        Path(base, "generation_config.json").unlink()
        config = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=2,
            lora_alpha=4,
            target_modules=TARGETS,
            trainable_token_indices=case["tokens"],
        )
        model = peft.get_peft_model(opened(base, case["vocabulary"]), config)
        for each in model.parameters():
            if each.requires_grad:
                rounded(each, rng, 0.4)
        model.save_pretrained(adapter)
        Path(adapter, "README.md").unlink()
        if name == "lean":
            lean(adapter)
        shift = case["vocabulary"] - 20
        ids = torch.tensor([[i + shift if i > 17 else i for i in row] for row in IDS])
        again = peft.PeftModel.from_pretrained(opened(base, case["vocabulary"]), adapter).eval()
        logits, before = again(ids).logits, opened(base, case["vocabulary"])(ids).logits
        assert (logits - model.eval()(ids).logits).abs().max() < 1e-6
        assert (logits - before).abs().max() > 0.1
        assert (again.merge_and_unload()(ids).logits - logits).abs().max() < 1e-5
        cases[name] = {
            "vocabulary": case["vocabulary"],
            "ids": ids.tolist(),
            "tensors": sorted(load_file(f"{adapter}/adapter_model.safetensors")),
            "logits": [float(f"{x:.9g}") for x in logits.flatten().tolist()],
        }
    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "cases": cases,
    }
    Path("peft_tokens.json").write_text(json.dumps(written, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
