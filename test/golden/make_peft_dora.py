"""Writes peft_dora.json and the directory peft_adapter_dora: DoRA on the models of make_peft.py and make_peft_training.py, by peft.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft_dora.py

The directory is what peft writes, without its README.md; rslora, ranks and alphas by pattern. `logits` are float64; `gradients` are
those of sum(C logits) for one adapter of each layer, where C[i] = (37 i mod 64 - 32) / 64 over all logits. `losses` and `final` are those
of ten steps of AdamW at 0.001 in float64 from the adapters and batches of peft_training.json, before the update and after the last;
`float32Deviation` is how far the same run in float32 lands from it. Names are those under which peft stores, without
"base_model.model.transformer.".
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

from make_peft import BASE, GOLDEN, load_base
from make_peft_training import ADAM, ALPHA, RANK, TARGETS, base_of, loss_of

DIRECTORY = "peft_adapter_dora"
SETTINGS = {
    "task_type": "CAUSAL_LM",
    "use_dora": True,
    "fan_in_fan_out": True,
}
PREFIX = "base_model.model.transformer."
RATE = 1e-3


def name_of(parameter):
    name = parameter.removeprefix(PREFIX).replace(".default", "")
    return name.removesuffix(".weight") if "magnitude" in name else name


def trained(model):
    return {name_of(name): p for name, p in model.named_parameters() if p.requires_grad}


def save_adapter(rng):
    config = peft.LoraConfig(
        **SETTINGS,
        r=4,
        lora_alpha=8,
        use_rslora=True,
        target_modules=["c_attn", "mlp.c_proj"],
        rank_pattern={"mlp.c_proj": 2},
        alpha_pattern={"attn.c_attn": 16},
    )
    model = peft.get_peft_model(load_base(), config)
    for name, p in trained(model).items():
        drawn = 0.3 * rng.normal(size=p.shape)
        value = p.detach().numpy() * (1 + drawn) if "magnitude" in name else drawn
        with torch.no_grad():
            p.copy_(torch.tensor(np.round(256 * value) / 256))
    model.save_pretrained(DIRECTORY)
    Path(DIRECTORY, "README.md").unlink()


def by_hand(model, ids):
    """The base with m / |W + s B A| (W + s B A), in NumPy."""
    base = load_base(torch.float64)
    params = dict(base.named_parameters())
    for name, module in model.named_modules():
        if not isinstance(module, peft.tuners.lora.LoraLayer):
            continue
        a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
        m = module.lora_magnitude_vector["default"].weight
        weight = params[f"{name.removeprefix('base_model.model.')}.weight"]
        with torch.no_grad():
            whole = weight.T + module.scaling["default"] * b.double() @ a.double()
            weight.copy_((m.double()[:, None] * whole / whole.norm(dim=1, keepdim=True)).T)
    return base(ids).logits


def adapted(golden, initial, dtype):
    config = peft.LoraConfig(**SETTINGS, r=RANK, lora_alpha=ALPHA, target_modules=TARGETS)
    model = peft.get_peft_model(base_of(golden, dtype), config).to(dtype).train()
    params = trained(model)
    for name, p in params.items():
        if name.endswith("lora_A.weight"):
            with torch.no_grad():
                drawn = initial[name.removesuffix(".weight")]
                p.copy_(torch.tensor(drawn["data"]).reshape(drawn["shape"]))
    return model, params


def train(golden, training, dtype):
    model, params = adapted(golden, training["initial"], dtype)
    optimizer = torch.optim.AdamW(params.values(), lr=RATE, weight_decay=0.0, **ADAM)
    losses = []
    for tokens in map(torch.tensor, training["batches"]):
        optimizer.zero_grad()
        loss = loss_of(model(tokens[:, :-1]).logits, tokens)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: p.detach() for name, p in params.items()}


def numbers(x):
    return [float(f"{number:.9g}") for number in x.detach().flatten().tolist()]


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft_dora: set PYTHONHASHSEED=0, see the head of make_peft.py")
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(1)
    os.chdir(GOLDEN)
    golden = json.loads(Path("gpt2.json").read_text())
    training = json.loads(Path("peft_training.json").read_text())
    ids = torch.tensor(json.loads(Path("peft.json").read_text())["ids"])

    save_adapter(np.random.default_rng(0))
    single = peft.PeftModel.from_pretrained(load_base(), DIRECTORY, is_trainable=True)
    model = single.double().eval()
    logits = model(ids).logits
    hand = by_hand(model, ids)
    apart = (logits - hand).abs().max().item()
    base = (logits - load_base(torch.float64)(ids).logits).abs().max().item()
    print(f"by hand {apart:.1e}, base {base:.1e}")
    assert apart < 1e-12 and base > 0.1
    c = (37 * torch.arange(logits.numel()) % 64 - 32).double() / 64
    (c.reshape(logits.shape) * logits).sum().backward()
    gradients = {
        name: numbers(p.grad)
        for name, p in trained(model).items()
        if name.startswith(("h.0.attn.c_attn", "h.1.mlp.c_proj"))
    }
    losses, final = train(golden, training, torch.float64)
    single_losses, single_final = train(golden, training, torch.float32)
    deviation = {
        "loss": float(f"{np.abs(np.subtract(losses, single_losses)).max():.1e}"),
        "adapter": float(
            f"{max((final[n] - single_final[n]).abs().max().item() for n in final):.1e}"
        ),
    }
    print(losses, deviation)
    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "base": BASE,
        "logits": numbers(logits),
        "gradients": gradients,
        "learningRate": RATE,
        "losses": [float(f"{loss:.9g}") for loss in losses],
        "float32Deviation": deviation,
        "final": {
            name: numbers(x)
            for name, x in final.items()
            if name.startswith(("h.0.attn.c_attn", "h.1.mlp.c_proj"))
        },
    }
    path = Path("peft_dora.json")
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
