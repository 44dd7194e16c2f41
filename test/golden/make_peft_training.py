"""Writes peft_training.json: ten steps of LoRA and of LoRA+ on a tiny GPT-2, by peft in float64.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0, peft 0.21.2, numpy 2.4.6:
    python test/golden/make_peft_training.py

The base is the model of gpt2.json, frozen, without dropout. Every linear map of the blocks has an
adapter of rank 4 and alpha 8, so scale = 2; A starts as drawn here, B at 0. Step t has batch t; its
loss is the mean cross-entropy of all next tokens, before the update. LoRA+ (arXiv:2402.12354) is
create_loraplus_optimizer: rate of B = ratio times rate of A. `final` are A [rank, in] and
B [out, rank] after the last step; `float32Deviation` is how far the same run in float32 lands from
it: up to 5e-4 at the larger rates, under 1e-6 in the runs named slow. Drawn values are multiples of
2^-12, so float32 holds them.
"""

import json
import platform
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import torch.nn.functional as F
import transformers
from peft.optimizers import create_loraplus_optimizer
from torch.func import functional_call

STEPS, SIZE, LENGTH = 10, 2, 9
RANK, ALPHA = 4, 8
TARGETS = ["c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"]
ADAM = {"betas": (0.9, 0.999), "eps": 1e-8}
RUNS = [
    {"name": "lora-adamw", "optimizer": "adamw", "learningRate": 0.01, "ratio": 1},
    {"name": "lora-sgd", "optimizer": "sgd", "learningRate": 0.5, "ratio": 1},
    {"name": "lora-sgd-slow", "optimizer": "sgd", "learningRate": 0.1, "ratio": 1},
    {"name": "loraplus-adamw", "optimizer": "adamw", "learningRate": 0.01, "ratio": 16},
    {"name": "loraplus-adamw-slow", "optimizer": "adamw", "learningRate": 0.001, "ratio": 16},
]
PREFIX = "base_model.model.transformer."


def base_of(golden, dtype):
    unused = ("model_type", "architectures")
    config = {key: value for key, value in golden["config"].items() if key not in unused}
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(**config, attn_implementation="eager")
    )
    weights = {
        f"transformer.{name}": torch.tensor(w["data"]).reshape(w["shape"])
        for name, w in golden["weights"].items()
    }
    model.load_state_dict(weights, strict=False)
    return model.to(dtype)


def adapted(golden, initial, dtype):
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=TARGETS,
        fan_in_fan_out=True,
    )
    model = peft.get_peft_model(base_of(golden, dtype), config).to(dtype).train()
    params = adapter_of(model)
    for name, p in params.items():
        with torch.no_grad():
            p.copy_(torch.tensor(initial[name])) if name in initial else p.zero_()
    return model, params


def adapter_of(model):
    """As `h.0.attn.c_attn.lora_A`."""
    return {
        name.removeprefix(PREFIX).removesuffix(".default.weight"): p
        for name, p in model.named_parameters()
        if p.requires_grad
    }


def optimizer_of(run, model, params):
    rate = run["learningRate"]
    if run["optimizer"] == "sgd":
        return torch.optim.SGD(params.values(), lr=rate)
    if run["ratio"] == 1:
        return torch.optim.AdamW(params.values(), lr=rate, weight_decay=0.0, **ADAM)
    return create_loraplus_optimizer(
        model, torch.optim.AdamW, lr=rate, loraplus_lr_ratio=run["ratio"], **ADAM
    )


def loss_of(logits, tokens):
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def train(run, golden, initial, batches, dtype):
    model, params = adapted(golden, initial, dtype)
    optimizer = optimizer_of(run, model, params)
    losses = []
    for tokens in batches:
        optimizer.zero_grad()
        loss = loss_of(model(tokens[:, :-1]).logits, tokens)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    names = {p: name for name, p in params.items()}
    groups = [
        {
            "learningRate": group["lr"],
            "weightDecay": group["weight_decay"],
            "kinds": sorted({names[p].rpartition(".")[2] for p in group["params"]}),
        }
        for group in optimizer.param_groups
    ]
    return losses, {name: p.detach() for name, p in params.items()}, groups


def by_hand(run, golden, initial, batches):
    """The same without peft and torch.optim: a dense W + scale B A, Kingma & Ba's algorithm 1."""
    base = base_of(golden, torch.float64).requires_grad_(False)
    weights = dict(base.named_parameters())
    state = {}
    for name, a in initial.items():
        module = name.removesuffix(".lora_A")
        out = weights[f"transformer.{module}.weight"].shape[1]
        state[name] = torch.tensor(a).requires_grad_()
        state[f"{module}.lora_B"] = torch.zeros(out, RANK, dtype=torch.float64).requires_grad_()
    moments = {name: (0.0, 0.0) for name in state}
    losses = []
    for t, tokens in enumerate(batches, 1):
        merged = {
            f"transformer.{name}.weight": weights[f"transformer.{name}.weight"]
            + ALPHA / RANK * (state[f"{name}.lora_B"] @ state[f"{name}.lora_A"]).T
            for name in (key.removesuffix(".lora_A") for key in initial)
        }
        loss = loss_of(functional_call(base, merged, (tokens[:, :-1],)).logits, tokens)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(state.values()))
        for (name, p), g in zip(state.items(), gradients):
            update = g
            if run["optimizer"] == "adamw":
                m, v = moments[name]
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
                moments[name] = m, v
                update = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
            rate = run["learningRate"] * (run["ratio"] if name.endswith("lora_B") else 1)
            with torch.no_grad():
                p -= rate * update
    return losses, {name: p.detach() for name, p in state.items()}


def distance(one, other):
    return max((one[name] - other[name]).abs().max().item() for name in one)


def rounded(numbers):
    return [float(f"{number:.9g}") for number in numbers]


def main():
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(1)
    golden = json.loads((Path(__file__).parent / "gpt2.json").read_text())
    rng = np.random.default_rng(0)
    config = golden["config"]
    batches = torch.tensor(rng.integers(0, config["vocab_size"], (STEPS, SIZE, LENGTH)))
    initial = {}
    for layer in range(config["n_layer"]):
        for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"):
            width = golden["weights"][f"h.{layer}.{name}.weight"]["shape"][0]
            drawn = rng.uniform(-1, 1, (RANK, width)) / np.sqrt(width)
            initial[f"h.{layer}.{name}.lora_A"] = np.round(4096 * drawn) / 4096

    runs = []
    for run in RUNS:
        losses, final, groups = train(run, golden, initial, batches, torch.float64)
        hand_losses, hand = by_hand(run, golden, initial, batches)
        assert final.keys() == hand.keys()
        single_losses, single, _ = train(run, golden, initial, batches, torch.float32)
        deviation = {
            "loss": float(f"{np.abs(np.subtract(losses, single_losses)).max():.1e}"),
            "adapter": float(f"{distance(final, single):.1e}"),
        }
        apart = max(distance(final, hand), np.abs(np.subtract(losses, hand_losses)).max())
        print(run["name"], rounded(losses), f"by hand {apart:.1e}", "float32", deviation)
        print(*groups, sep="\n")
        assert apart < 1e-9
        runs.append(
            {
                **run,
                "groups": groups,
                "losses": rounded(losses),
                "float32Deviation": deviation,
                "final": {
                    name: {"shape": list(x.shape), "data": rounded(x.flatten().tolist())}
                    for name, x in final.items()
                },
            }
        )

    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "base": "gpt2.json",
        "rank": RANK,
        "alpha": ALPHA,
        "targets": TARGETS,
        "adam": {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "weightDecay": 0},
        "batches": batches.tolist(),
        "initial": {
            name: {"shape": list(a.shape), "data": a.ravel().tolist()}
            for name, a in initial.items()
        },
        "runs": runs,
    }
    path = Path(__file__).parent / "peft_training.json"
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
