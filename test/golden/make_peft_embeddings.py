"""Writes peft_embeddings.json and the directories in peft_embeddings, by peft: adapters of embeddings and of a head.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft_embeddings.py

    CASE/base       a tiny Llama, float32
    CASE/adapter    what peft's save_pretrained writes, without its README.md

    tied      the embedding, which is the head too: the adapter is of the embedding alone; peft adds the whole table
    untied    the embedding and a head of its own, under use_rslora, with a rank of its own for the head; peft adds both tables

Logits, loss and gradients are those of float64: of the mean cross-entropy of the next tokens, by the stored names. `merged` is whether
merge_and_unload leaves the logits as they are: where the table is the head too, peft changes both. Weights are multiples of 2^-8.
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
from safetensors.torch import load_file

GOLDEN = Path(__file__).parent.resolve()
FOLDER = "peft_embeddings"
CASES = {
    "tied": {"target_modules": ["embed_tokens", "q_proj"]},
    "untied": {
        "target_modules": ["embed_tokens", "lm_head", "down_proj"],
        "use_rslora": True,
        "rank_pattern": {"lm_head": 3},
    },
}
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


def opened(directory):
    return transformers.LlamaForCausalLM.from_pretrained(
        directory, dtype=torch.float64, attn_implementation="eager"
    )


def numbers(x):
    return [float(f"{value:.9g}") for value in x.detach().flatten().tolist()]


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft_embeddings: set PYTHONHASHSEED=0, see make_peft.py")
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    # peft notes the path of the base as it was opened.
    os.chdir(GOLDEN)
    shutil.rmtree(FOLDER, ignore_errors=True)
    rng = np.random.default_rng(0)
    ids = torch.tensor(IDS)
    cases = {}
    for name, fields in CASES.items():
        base, adapter = f"{FOLDER}/{name}/base", f"{FOLDER}/{name}/adapter"
        model = base_model(name == "tied")
        for each in model.parameters():
            rounded(each, rng, 0.4)
        model.save_pretrained(base)
        Path(base, "generation_config.json").unlink()
        model = transformers.LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
        config = peft.LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, **fields)
        model = peft.get_peft_model(model, config)
        started = {n: p.detach().clone() for n, p in model.named_parameters() if "embedding" in n}
        assert all((p == 0).all() == ("_A" in n) for n, p in started.items())
        for each in model.parameters():
            if each.requires_grad:
                rounded(each, rng, 0.4)
        model.save_pretrained(adapter)
        Path(adapter, "README.md").unlink()
        again = peft.PeftModel.from_pretrained(opened(base), adapter, is_trainable=True).eval()
        output = again(ids, labels=ids)
        output.loss.backward()
        gradients = {
            key.replace(".default", ""): numbers(p.grad)
            for key, p in again.named_parameters()
            if p.requires_grad
        }
        logits = output.logits
        assert (logits - opened(base)(ids).logits).abs().max() > 0.1
        merged = again.merge_and_unload()(ids).logits
        cases[name] = {
            "loss": output.loss.item(),
            "logits": numbers(logits),
            "gradients": gradients,
            "tensors": sorted(load_file(f"{adapter}/adapter_model.safetensors")),
            "merged": bool((merged - logits).abs().max() < 1e-9),
        }
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "numpy": np.__version__,
    }
    text = json.dumps({"versions": versions, "ids": IDS, "cases": cases})
    (GOLDEN / "peft_embeddings.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
