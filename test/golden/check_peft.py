"""Opens a model and an adapter with peft and prints the logits of given ids.

    python test/golden/check_peft.py BASE ADAPTER IDS [--logits FILE] [--tolerance 1e-4]

    BASE      directory of a model: config.json, model.safetensors
    ADAPTER   directory of an adapter: adapter_config.json, adapter_model.safetensors;
              "none" for the model alone
    IDS       JSON file of ids [B, T], an array or {"ids": [[...], ...]}

Prints {"shape": [B, T, V], "data": [...]} on standard output. FILE has such logits, alone or as
{"logits": ...}: the largest difference then goes to standard error, and the exit code is 1 if it
exceeds the tolerance. Any warning of peft is an error: missing keys, unknown fields, patterns that
match nothing. Needs torch, transformers, peft; the goldens themselves serve as an example:

    cd test/golden && python check_peft.py peft_base peft_adapter peft.json
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import peft
import torch
import transformers
from safetensors import safe_open


def read_json(path, key):
    value = json.loads(Path(path).read_text())
    return value[key] if isinstance(value, dict) and key in value else value


def open_adapter(base, directory):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # transformers warns of its own names, whatever the adapter.
        warnings.simplefilter("ignore", FutureWarning)
        # Of an adapter of a tied head or table, which is then a map of its own.
        warnings.filterwarnings("ignore", "Model has `tie_word_embeddings=True`")
        # Of the head of a GPT-2 beside its other maps: one field is for both kinds, and peft sets it for each.
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to True but the target module is `torch.nn.Linear`")
        model = peft.PeftModel.from_pretrained(base, directory)
    # peft passes in silence over other keys, or writes them into the base.
    read = set(peft.get_peft_model_state_dict(model))
    with safe_open(f"{directory}/adapter_model.safetensors", "pt") as file:
        unused = set(file.keys()) - read
    if unused:
        raise SystemExit(f"check_peft: keys without a place in the configuration: {sorted(unused)}")
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("base", "adapter", "ids"):
        parser.add_argument(name)
    parser.add_argument("--logits")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()

    ids = torch.tensor(read_json(options.ids, "ids"))
    model = transformers.AutoModelForCausalLM.from_pretrained(options.base, dtype=torch.float32)
    if os.path.exists(os.path.join(options.adapter, "tokenizer_config.json")):
        # As AutoPeftModelForCausalLM does: rows of new tokens come with the adapter.
        tokens = len(transformers.AutoTokenizer.from_pretrained(options.adapter))
        if tokens != model.config.vocab_size:
            model.resize_token_embeddings(tokens)
    if options.adapter != "none":
        model = open_adapter(model, options.adapter)
    with torch.no_grad():
        logits = model.eval()(ids).logits
    print(json.dumps({"shape": list(logits.shape), "data": logits.flatten().tolist()}))
    if options.logits is None:
        return
    expected = read_json(options.logits, "logits")
    if expected["shape"] != list(logits.shape):
        raise SystemExit(f"check_peft: logits {list(logits.shape)}, expected {expected['shape']}")
    difference = (logits.flatten() - torch.tensor(expected["data"])).abs().max().item()
    print(f"largest difference {difference:.3e}", file=sys.stderr)
    sys.exit(0 if difference <= options.tolerance else 1)


if __name__ == "__main__":
    main()
