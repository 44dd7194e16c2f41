"""Writes rotary.json: frequencies of the rotary embedding, by transformers' ROPE_INIT_FUNCTIONS.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0:
    python test/golden/make_rotary.py

In float64, where transformers takes float32. The fields are those of a config file, in the
spelling of transformers 4 (rope_theta, rope_scaling) or 5 (rope_parameters). A null length is
the one that transformers takes when it makes a model.
"""

import copy
import json
import platform
from pathlib import Path

import torch
import transformers
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

BASE = {"hidden_size": 64, "num_attention_heads": 4, "max_position_embeddings": 2048}
LLAMA3 = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 1024,
}
LONG = {
    "short_factor": [1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5],
    "long_factor": [1.0, 1.5, 2.5, 5.0, 10.0, 20.0, 40.0, 64.0],
    "original_max_position_embeddings": 512,
}
CASES = {
    "default": ({"rope_theta": 500000.0}, None),
    "default, nothing said": ({}, None),
    "default, head_dim": ({"head_dim": 6, "rope_theta": 1000.0}, None),
    "default, version 5": ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}, None),
    "linear": ({"rope_scaling": {"type": "linear", "factor": 4.0}}, None),
    "linear, partial": (
        {"rope_scaling": {"rope_type": "linear", "factor": 2.0}, "partial_rotary_factor": 0.5},
        None,
    ),
    "linear, partial, version 5": (
        {
            "rope_parameters": {
                "rope_type": "linear",
                "factor": 2.0,
                "rope_theta": 5000.0,
                "partial_rotary_factor": 0.25,
            }
        },
        None,
    ),
    "dynamic": ({"rope_scaling": {"type": "dynamic", "factor": 3.0}}, None),
    "dynamic, short": ({"rope_scaling": {"type": "dynamic", "factor": 3.0}}, 100),
    "dynamic, long": ({"rope_scaling": {"type": "dynamic", "factor": 3.0}}, 5000),
    "llama3": ({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", **LLAMA3}}, None),
    "llama3, version 5": (
        {"rope_parameters": {"rope_type": "llama3", "rope_theta": 10000.0, **LLAMA3}},
        None,
    ),
    "yarn": ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, None),
    "yarn, all fields": (
        {
            "rope_theta": 1e6,
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 40.0,
                "original_max_position_embeddings": 256,
                "beta_fast": 16.0,
                "beta_slow": 2.0,
                "mscale": 1.0,
                "mscale_all_dim": 0.7,
                "truncate": False,
            },
        },
        None,
    ),
    "yarn, attention factor": (
        {"rope_scaling": {"rope_type": "yarn", "factor": 2.0, "attention_factor": 1.5}},
        None,
    ),
    "longrope": ({"rope_scaling": {"rope_type": "longrope", **LONG}}, None),
    "longrope, long": ({"rope_scaling": {"rope_type": "longrope", **LONG}}, 513),
    "longrope, factor": ({"rope_scaling": {"rope_type": "longrope", "factor": 8.0, **LONG}}, 512),
    "longrope, attention factor": (
        {"rope_scaling": {"rope_type": "longrope", "attention_factor": 1.25, **LONG}},
        None,
    ),
}


def frequencies(fields, length):
    config = transformers.LlamaConfig(**copy.deepcopy(fields))
    kind = config.rope_parameters["rope_type"]
    if kind == "default":
        return LlamaRotaryEmbedding.compute_default_rope_parameters(config)
    return ROPE_INIT_FUNCTIONS[kind](config, "cpu", seq_len=length)


def main():
    # transformers asks for float32 by these names.
    torch.float = torch.float32 = torch.float64
    torch.Tensor.float = torch.Tensor.double
    cases = []
    for name, (fields, length) in CASES.items():
        fields = {**BASE, **fields}
        inverse, scaling = frequencies(fields, length)
        cases.append(
            {
                "name": name,
                "config": fields,
                "length": length,
                "inverseFrequencies": inverse.tolist(),
                "attentionScaling": scaling,
            }
        )
    golden = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
        },
        "cases": cases,
    }
    path = Path(__file__).parent / "rotary.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{len(cases)} cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
