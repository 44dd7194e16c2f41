"""Writes peft.json and the directories peft_base, peft_adapter and peft_adapter_ln_f, by peft.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft.py

The hash seed is for adapter_config.json alone: peft writes its sets in the order of hashes.

    peft_base           the model of gpt2.json, by GPT2LMHeadModel.save_pretrained, float32
    peft_adapter        rank_pattern and alpha_pattern
    peft_adapter_ln_f   modules_to_save; four spelled-out targets

The directories are what peft writes, without its README.md. Logits are float64. An adapted map has
W + scale B A, scale = alpha / rank, A [rank, in] and B [out, rank], where W is [out, in] and GPT-2
stores its transpose. All weights are multiples of 2^-8, so float32 holds them.
"""

import json
import os
import platform
import sys
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from safetensors.numpy import load_file

GOLDEN = Path(__file__).parent.resolve()
BASE = "peft_base"
COMMON = {
    "task_type": "CAUSAL_LM",
    "r": 4,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "bias": "none",
    "use_rslora": False,
    "fan_in_fan_out": True,
}
ADAPTERS = {
    "peft_adapter": {
        "target_modules": ["c_attn", "c_proj"],
        "rank_pattern": {"mlp.c_proj": 2},
        "alpha_pattern": {"attn.c_attn": 16},
    },
    "peft_adapter_ln_f": {
        "target_modules": ["c_attn", "attn.c_proj", "mlp.c_fc", "h.1.mlp.c_proj"],
        "modules_to_save": ["ln_f"],
    },
}


def save_base(golden):
    unused = ("model_type", "architectures")
    config = {key: value for key, value in golden["config"].items() if key not in unused}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**config))
    weights = {
        f"transformer.{name}": torch.tensor(w["data"]).reshape(w["shape"])
        for name, w in golden["weights"].items()
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected
    model.save_pretrained(BASE)


def load_base(dtype=torch.float32):
    model = transformers.GPT2LMHeadModel.from_pretrained(
        BASE, dtype=dtype, attn_implementation="eager"
    )
    return model.eval()


def save_adapter(directory, options, rng):
    model = peft.get_peft_model(load_base(), peft.LoraConfig(**COMMON, **options))
    for name, p in model.named_parameters():
        if p.requires_grad:
            center = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
            steps = np.round(256 * (center + 0.3 * rng.normal(size=p.shape)))
            with torch.no_grad():
                p.copy_(torch.tensor(steps / 256))
    model.save_pretrained(directory)
    Path(directory, "README.md").unlink()


def maps_of(model):
    return {
        name.removeprefix("base_model.model."): {
            "rank": module.r["default"],
            "alpha": module.lora_alpha["default"],
            "scale": module.scaling["default"],
        }
        for name, module in model.named_modules()
        if isinstance(module, peft.tuners.lora.LoraLayer)
    }


def by_hand(directory, maps):
    """The base with B A added in NumPy from the files alone."""
    adapter = load_file(f"{directory}/adapter_model.safetensors")
    model = load_base(torch.float64)
    params = dict(model.named_parameters())
    for name, adapted in maps.items():
        a, b = (adapter.pop(f"base_model.model.{name}.lora_{x}.weight") for x in "AB")
        with torch.no_grad():
            params[f"{name}.weight"] += torch.tensor(adapted["scale"] * np.float64(b @ a).T)
    for name, saved in adapter.items():
        with torch.no_grad():
            params[name.removeprefix("base_model.model.")].copy_(torch.tensor(saved))
    return model


def tensor(x):
    data = [float(f"{number:.9g}") for number in x.detach().flatten().tolist()]
    return {"shape": list(x.shape), "data": data}


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft: set PYTHONHASHSEED=0, see the head of this file")
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(1)
    golden = json.loads((GOLDEN / "gpt2.json").read_text())
    # peft notes the path of the base as it was opened.
    os.chdir(GOLDEN)
    rng = np.random.default_rng(0)
    save_base(golden)
    ids = torch.tensor(rng.integers(0, golden["config"]["vocab_size"], (2, 6)))
    base = load_base(torch.float64)(ids).logits

    adapters = {}
    for directory, options in ADAPTERS.items():
        save_adapter(directory, options, rng)
        model = peft.PeftModel.from_pretrained(load_base(), directory).double().eval()
        maps, adapted = maps_of(model), model(ids).logits
        merged = model.merge_and_unload()(ids).logits
        hand = by_hand(directory, maps)(ids).logits
        single = peft.PeftModel.from_pretrained(load_base(), directory).eval()(ids).logits
        distance = lambda other: (adapted - other).abs().max().item()
        print(
            f"{directory}: base {distance(base):.1e}, merged {distance(merged):.1e}, "
            f"by hand {distance(hand):.1e}, float32 {distance(single):.1e}"
        )
        assert distance(base) > 0.1 and distance(merged) < 1e-12 and distance(hand) < 1e-12
        file = load_file(f"{directory}/adapter_model.safetensors")
        adapters[directory] = {
            "maps": maps,
            "tensors": {name: list(x.shape) for name, x in file.items()},
            "logits": tensor(adapted),
            "mergedLogits": tensor(merged),
        }

    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "base": BASE,
        "ids": ids.tolist(),
        "baseLogits": tensor(base),
        "adapters": adapters,
    }
    path = GOLDEN / "peft.json"
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
