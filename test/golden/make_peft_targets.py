"""Which modules of the tiny GPT-2 get an adapter, by peft.

    python make_peft_targets.py > peft_targets.json

Made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

import json
import sys
from pathlib import Path

import peft
import transformers

BASE = Path(__file__).parent / "peft_base"

SETTINGS = [
    {"target_modules": ["c_attn"]},
    {"target_modules": ["attn.c_proj", "mlp.c_fc"]},
    {"target_modules": ["transformer.h.1.mlp.c_proj"]},
    {"target_modules": r".*\.attn\.c_(attn|proj)"},
    {"target_modules": r"transformer\.h\.0\..*c_fc"},
    {"target_modules": ["c_attn", "c_proj", "c_fc"], "exclude_modules": ["mlp.c_proj"]},
    {"target_modules": ["c_attn", "c_proj"], "exclude_modules": r".*h\.0.*"},
    {"target_modules": ["c_attn", "c_fc"], "layers_to_transform": [1]},
    {"target_modules": ["c_attn", "c_fc"], "layers_to_transform": 0},
    {"target_modules": ["c_attn"], "layers_to_transform": [0, 1], "layers_pattern": "h"},
    {"target_modules": ["c_attn", "transformer.h.0.mlp.c_fc"], "layers_to_transform": [1], "layers_pattern": ["layers", "h"]},
    {"target_modules": ["c_attn", "c_fc"], "modules_to_save": ["attn"]},
    {"target_modules": ["c_attn", "c_fc"], "modules_to_save": ["h.0"]},
]


def modules(settings):
    model = transformers.GPT2LMHeadModel.from_pretrained(BASE)
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, fan_in_fan_out=True, **settings))
    prefix = "base_model.model."
    names = [name.removeprefix(prefix) for name, each in adapted.named_modules() if isinstance(each, peft.tuners.lora.LoraLayer)]
    # Inside a module that is saved whole none is new.
    return [name.replace(".original_module", "") for name in names]


rows = [{"settings": settings, "modules": modules(settings)} for settings in SETTINGS]
json.dump({"versions": {"peft": peft.__version__, "transformers": transformers.__version__}, "rows": rows}, sys.stdout, indent=1)
print()
