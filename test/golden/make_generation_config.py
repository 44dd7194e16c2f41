"""Writes generation_config.json: what transformers takes from a model's fields when `generate` is called without options.

Made with Python 3.11, transformers 5.23.0.
"""

import json
import platform
from pathlib import Path

import transformers
from transformers import GenerationConfig

FIELDS = [
    {},
    {"eos_token_id": 7},
    {"bos_token_id": 1, "eos_token_id": [128001, 128008, 128009], "do_sample": True, "temperature": 0.6, "top_p": 0.9},
    {"do_sample": True},
    {"do_sample": True, "top_k": 0},
    {"do_sample": True, "top_k": 20, "top_p": 0.8, "temperature": 0.7, "repetition_penalty": 1.05},
    {"max_length": 512, "num_beams": 4, "length_penalty": 0.6, "early_stopping": True, "no_repeat_ngram_size": 3},
    {"max_length": 512, "max_new_tokens": 30, "min_new_tokens": 3, "early_stopping": "never"},
    {"stop_strings": "\n\n"},
    {"stop_strings": ["###", "User:"], "eos_token_id": None},
]
READ = [
    "eos_token_id",
    "stop_strings",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "max_new_tokens",
    "max_length",
    "min_new_tokens",
    "num_beams",
    "length_penalty",
    "early_stopping",
    "repetition_penalty",
    "no_repeat_ngram_size",
]


def resolved(fields):
    config = GenerationConfig.from_dict(fields)
    config.update(**GenerationConfig._get_default_generation_params(), defaults_only=True)
    return {name: getattr(config, name) for name in READ}


def main():
    versions = {"python": platform.python_version(), "transformers": transformers.__version__}
    cases = [{"fields": fields, "resolved": resolved(fields)} for fields in FIELDS]
    path = Path(__file__).parent / "generation_config.json"
    path.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
